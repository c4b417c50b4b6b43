"""What the account behind a sender can be asked and told: its templates, and how its provider stands to it.

A kind whose capabilities say `templates` has the module `templates`, one with `has_standing` the module `standing`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any, cast

from messaging.templating import Draft, Limits, Listed, Listing
from messaging.transports import CHANNELS, UnknownChannelKind

Values = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Standing:
    """What a provider says of a sender. `reach_limit`: people outside the window in 24 hours; None: it said none."""

    quality: str = ""
    limit: str = ""
    reach_limit: int | None = None


def list_templates(kind: str, config: Values, secrets: Values) -> Listing:
    """All templates of the channel's account; raises TransportError, also when any page of them cannot be read."""
    return cast(Callable[..., Listing], _part(kind, "templates", "list_templates"))(config, secrets)


def create_template(kind: str, config: Values, secrets: Values, draft: Draft) -> Listed:
    """Create it at the provider; one that comes back as a draft is still to be submitted. Raises TransportError."""
    return cast(Callable[..., Listed], _part(kind, "templates", "create_template"))(config, secrets, draft)


def submit_template(kind: str, config: Values, secrets: Values, *, provider_id: str, name: str, category: str) -> None:
    """Ask for the approval of one that is there; raises TransportError."""
    submit = cast(Callable[..., None], _part(kind, "templates", "submit_template"))
    submit(config, secrets, provider_id=provider_id, name=name, category=category)


def template_limits(kind: str) -> Limits:
    return cast(Limits, _part(kind, "templates", "LIMITS"))


def read_standing(kind: str, config: Values, secrets: Values) -> Standing:
    """What the provider says of the sender; raises TransportError."""
    return cast(Callable[..., Standing], _part(kind, "standing", "read_standing"))(config, secrets)


def _part(kind: str, module: str, name: str) -> Any:
    if kind not in CHANNELS:
        raise UnknownChannelKind(kind)
    return getattr(import_module(f"{CHANNELS[kind]}.{module}"), name)
