"""Finding the chat behind a token: the one place that looks across workspaces, for strangers bring no scope."""

from __future__ import annotations

from django_scopes import scopes_disabled

from messaging.models import Channel

from .webhook import SOURCE


def find_chat(token: str) -> Channel:
    """The web chat whose doors carry `token`; raises Channel.DoesNotExist."""
    with scopes_disabled():
        return Channel.objects.select_related("workspace").get(kind=SOURCE, token=token)
