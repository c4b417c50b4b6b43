"""Connecting a channel with a live check: wrong credentials are refused in the provider's words.

No transaction is open while the provider is asked. One that does not answer refuses nobody: the channel is saved, and
the caller is told that nothing is known.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from crm.models import Workspace
from messaging import transports
from messaging.models import Channel
from messaging.transports import TransportError
from messaging.verification import Problem, Verified
from project.kernel.errors import WrongValues

from .channels import checked_settings, create_channel, doors_of, update_channel

ALL_OF_IT = "settings"


@dataclass(frozen=True, slots=True)
class Connected:
    channel: Channel
    verified: Verified

    @property
    def warnings(self) -> list[str]:
        return [str(doubt) for doubt in self.verified.doubts]


def connect_channel(
    *, workspace: Workspace, kind: str, name: str, values: Mapping[str, str], now: datetime
) -> Connected:
    """Connect a channel that its provider knows. Raises as `create_channel`, and WrongValues for what is refused."""
    config, secrets = checked_settings(kind, values)
    verified = _verified(kind, config, secrets)
    channel = create_channel(workspace=workspace, kind=kind, name=name, values=values, now=now)
    return Connected(channel, _registered(channel, verified))


def change_channel(*, channel: Channel, name: str, values: Mapping[str, str]) -> Connected:
    """Replace the channel's settings as `update_channel` does; the provider is asked about what has changed."""
    known = (channel.settings, channel.secrets)
    config, secrets = checked_settings(channel.kind, {**channel.secrets, **values})
    verified = Verified() if (config, secrets) == known else _verified(channel.kind, config, secrets)
    update_channel(channel=channel, name=name, values=values)
    return Connected(channel, _registered(channel, verified))


def _verified(kind: str, config: Mapping[str, str], secrets: Mapping[str, str]) -> Verified:
    verified = transports.verify(kind, config, secrets, {})
    if verified.problems:
        raise WrongValues({problem.setting or ALL_OF_IT: str(problem) for problem in verified.problems})
    return verified


def _registered(channel: Channel, verified: Verified) -> Verified:
    try:
        transports.register_doors(channel.kind, channel.settings, channel.secrets, doors_of(channel))
    except TransportError as error:
        what = f"The provider could not be told where to call: {error.detail or error.code}."
        untold = Problem(what, "Save the channel again to repeat it.")
        return replace(verified, doubts=(*verified.doubts, untold))
    return verified
