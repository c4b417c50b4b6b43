"""The row behind the door of a channel, whatever its kind."""

from messaging.models import Channel
from project.kernel.scope import across_workspaces

from .sources import SourceRow


def load_channel(kind: str, token: str) -> SourceRow | None:
    with across_workspaces():
        channel = Channel.objects.filter(kind=kind, token=token).first()
    if channel is None:
        return None
    return SourceRow(channel.workspace_id, channel.pk, channel.secrets, channel.settings)
