"""Where customers reach a web chat, and how the chat behind a token is found."""

from __future__ import annotations

from typing import Final

from messaging.models import Channel
from project.kernel.scope import across_workspaces

from .webhook import KIND

DOORS: Final = {"chat_url": "/chat/{token}/", "widget_url": "/chat/{token}/widget.js"}


def find_chat(token: str) -> Channel:
    """The chat whose doors carry `token`, whatever its workspace: strangers bring no scope. Raises DoesNotExist."""
    with across_workspaces():
        return Channel.objects.select_related("workspace").get(kind=KIND, token=token)
