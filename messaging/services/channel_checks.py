"""What is wrong with a channel and how to mend it, told in one line: its settings, its address, its provider's view
of it, whether it sends, and whether its webhooks arrive."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address
from urllib.parse import urlsplit

from django.conf import settings
from django.db import connection

from messaging import transports
from messaging.doors.sources import source_named
from messaging.models import Channel
from messaging.transports import InvalidSettings
from messaging.verification import Problem, Verified

from .channels import doors_of

LONG = timedelta(days=7)
"""A channel that heard nothing for so long is worth a look."""

SHORT_REST = timedelta(minutes=1)
"""A sender that rests no longer than this is only as fast as its provider allows."""

NEWEST_EVENTS = 50_000
"""Among these the channel's last webhook is looked for: the table grows for months, and has no index for this."""


WHEN_MENDED = "Resume it when that is mended."


@dataclass(frozen=True, slots=True)
class Report:
    channel: Channel
    found: str
    problems: tuple[Problem, ...]

    @property
    def is_well(self) -> bool:
        return not self.problems

    @property
    def line(self) -> str:
        return " ".join(map(str, self.problems)) or self.found


@dataclass(frozen=True, slots=True)
class Heard:
    """`webhook_at`: when the provider last called. `swept`: what came in only because its list was read."""

    webhook_at: datetime | None
    swept: int


def check_channel(channel: Channel, now: datetime) -> Report:
    """Asks the provider, over the network: no transaction is open in the caller."""
    if wrong := list(_about_settings(channel)):
        return Report(channel, "", tuple(wrong))
    verified = transports.verify(channel.kind, channel.settings, channel.secrets, doors_of(channel))
    problems = [
        *_about_address(channel),
        *verified.problems,
        *verified.doubts,
        *_about_sending(channel, now),
        *_about_hearing(channel, now),
    ]
    return Report(channel, _found(verified), tuple(problems))


def _found(verified: Verified) -> str:
    return verified.found or "Nothing is wrong."


def _about_settings(channel: Channel) -> Iterator[Problem]:
    try:
        transports.validate_settings(channel.kind, {**channel.settings, **channel.secrets})
    except InvalidSettings as error:
        for name, why in error.problems.items():
            yield Problem(f"The setting {name} {why}.", "Correct it in the channel's settings.", name)


def _about_address(channel: Channel) -> Iterator[Problem]:
    """A provider elsewhere cannot call an address that only this machine knows; a double beside us can."""
    if source_named(channel.kind).door is None or channel.fetch_due_at:
        return
    base = channel.settings.get("public_base_url") or settings.PUBLIC_BASE_URL
    if is_local(base) and not is_local(channel.settings.get("api_base", "")):
        what = f"No provider can call {base}: it is an address of this machine."
        yield Problem(what, "Set PUBLIC_BASE_URL, or the channel's public address, to the one it has outside.")


def is_local(address: str) -> bool:
    host = urlsplit(address).hostname or ""
    try:
        return not ip_address(host).is_global
    except ValueError:
        return host == "localhost" or host.endswith((".localhost", ".internal"))


def _about_sending(channel: Channel, now: datetime) -> Iterator[Problem]:
    if channel.paused_at:
        resumes = f"It resumes at {_moment(channel.resumes_at)}." if channel.resumes_at else WHEN_MENDED
        yield Problem(f"Paused since {_moment(channel.paused_at)}: {_sentence(channel.paused_reason)}", resumes)
    elif channel.rests_until and channel.rests_until > now + SHORT_REST:
        what = f"Rests until {_moment(channel.rests_until)}: {_sentence(channel.rest_reason)}"
        yield Problem(what, "It goes on by itself.")


def _about_hearing(channel: Channel, now: datetime) -> Iterator[Problem]:
    if source_named(channel.kind).door is None or channel.fetch_due_at:  # what comes is fetched
        return
    heard, mend = _heard(channel), "Compare the addresses at the provider with those of the channel."
    is_quiet = (heard.webhook_at or channel.created_at) < now - LONG
    if heard.swept and is_quiet:
        yield Problem(f"{heard.swept} messages came in only because Baton asked for them.", mend)
    elif is_quiet:
        last = f"since {_moment(heard.webhook_at)}" if heard.webhook_at else "yet, or for very long"
        yield Problem(f"The provider has not called {last}.", mend)


# What a door took in has its headers; what the sweep found has none.
_HEARD = """
    SELECT max(received_at) FILTER (WHERE headers <> '{}'), count(*) FILTER (WHERE headers = '{}')
      FROM (SELECT source, source_id, headers, received_at
              FROM messaging_webhookevent ORDER BY id DESC LIMIT %(newest)s) AS recent
     WHERE source = %(source)s AND source_id = %(channel)s
"""


def _heard(channel: Channel) -> Heard:
    with connection.cursor() as cursor:
        cursor.execute(_HEARD, {"newest": NEWEST_EVENTS, "source": channel.kind, "channel": channel.pk})
        return Heard(*cursor.fetchone())


def _moment(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC" if at else ""


def _sentence(reason: str) -> str:
    return f"{(reason or 'an operator paused it').rstrip('.')}."
