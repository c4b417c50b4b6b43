"""A double of Calendly's API v2: single-use links, available times, webhook subscriptions and their events.

In tests:

    with CalendlyDouble() as calendly:
        client = CalendlyClient(TOKEN, calendly.url)
        ...
        send_event(url, created(token), signing_key=SIGNING_KEY)

Alone: `python -m tests.doubles.calendly --port 9002`; a booking by
`POST /_control/book {"booking_url": "…"}`, which calls every subscription.
"""

from __future__ import annotations

import argparse
import threading
import uuid
from collections import deque
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from tests.doubles.calendly_events import (
    API,
    EVENT_TYPE,
    ORGANIZATION,
    USER,
    canceled,
    created,
    no_show,
    rescheduled,
    send_event,
    signature,
    token_of,
)
from tests.doubles.server import Answer, Hang, HttpDouble, Request, Response, run_alone

__all__ = [
    "EVENT_TYPE",
    "ORGANIZATION",
    "SIGNING_KEY",
    "TOKEN",
    "USER",
    "CalendlyDouble",
    "canceled",
    "created",
    "no_show",
    "rescheduled",
    "send_event",
    "signature",
    "token_of",
]

TOKEN: Final = "calendly-token"
SIGNING_KEY: Final = "calkey"
FAULTS: Final = frozenset({"401", "403", "429", "500", "hang", "broken", "taken"})


@dataclass(frozen=True, slots=True)
class Subscription:
    uri: str
    callback_url: str
    events: tuple[str, ...]
    signing_key: str | None
    scope: str


@dataclass(frozen=True, slots=True)
class Link:
    booking_url: str
    event_type: str


class CalendlyDouble(HttpDouble):
    def __init__(self, *, host: str = "127.0.0.1", port: int = 0, token: str = TOKEN) -> None:
        super().__init__(host=host, port=port)
        self.token = token
        self.links: dict[str, Link] = {}
        self.subscriptions: list[Subscription] = []
        self.requests: list[tuple[str, str]] = []  # method and path, in order of arrival
        self._bookings: dict[str, dict[str, Any]] = {}  # invitee URI -> its created event
        self._faults: deque[str] = deque()
        self._lock = threading.Lock()

    # -- the script ------------------------------------------------------------------------------------

    def fault(self, name: str, *, times: int = 1) -> None:
        """Let the next `times` requests go wrong."""
        if name not in FAULTS:
            raise ValueError(f"fault {name!r} is not one of: {', '.join(sorted(FAULTS))}")
        with self._lock:
            self._faults.extend([name] * times)

    def book(self, booking_url: str, **details: Any) -> dict[str, Any]:
        """Somebody books through a link: it is used up, and every subscription is told."""
        with self._lock:
            self.links.pop(booking_url.partition("?")[0], None)
        return self.tell(created(token_of(booking_url), **details))

    def tell(self, event: dict[str, Any]) -> dict[str, Any]:
        if event["event"] == "invitee.created":
            self._bookings[event["payload"]["uri"]] = event
        for subscription in list(self.subscriptions):
            if event["event"] in subscription.events:
                send_event(subscription.callback_url, event, signing_key=subscription.signing_key)
        return event

    # -- the API ---------------------------------------------------------------------------------------

    def answer(self, request: Request) -> Answer:
        if request.path.startswith("/_control/"):
            return self._control(request)
        self.requests.append((request.method, request.path))
        if fault := self._next_fault():
            return _FAULT_ANSWERS[fault]
        if request.headers.get("Authorization") != f"Bearer {self.token}":
            return _FAULT_ANSWERS["401"]
        route = _ROUTES.get((request.method, request.path))
        if route is None:
            return _refused(404, "Resource Not Found", "The server could not find the requested resource.")
        return route(self, request)

    def _next_fault(self) -> str | None:
        with self._lock:
            return self._faults.popleft() if self._faults else None

    def _me(self, _: Request) -> Answer:
        user = {
            "uri": USER,
            "name": "Bruno Sales",
            "slug": "bruno",
            "email": "bruno@example.com",
            "scheduling_url": "https://calendly.com/bruno",
            "timezone": "America/Sao_Paulo",
            "current_organization": ORGANIZATION,
        }
        return Response.json(200, {"resource": user})

    def _event_types(self, request: Request) -> Answer:
        if not {"user", "organization"} & request.query.keys():
            return _refused(400, "Invalid Argument", "The supplied parameters are invalid.")
        event_type = {
            "uri": EVENT_TYPE,
            "name": "Callback",
            "slug": "callback",
            "active": True,
            "duration": 30,
            "scheduling_url": "https://calendly.com/bruno/callback",
            "custom_questions": [],
        }
        return Response.json(200, {"collection": [event_type], "pagination": {"count": 1, "next_page_token": None}})

    def _available_times(self, request: Request) -> Answer:
        query = request.query
        try:
            start, end = (datetime.fromisoformat(query[name]) for name in ("start_time", "end_time"))
        except (KeyError, ValueError):
            return _refused(400, "Invalid Argument", "start_time and end_time are required.")
        if start <= datetime.now(UTC) or end - start > timedelta(days=7):
            return _refused(400, "Invalid Argument", "start_time must be in the future, the range at most 7 days.")
        return Response.json(200, {"collection": _free_hours(start, end)})

    def _create_link(self, request: Request) -> Answer:
        asked = request.json()
        if asked.get("max_event_count") != 1 or asked.get("owner_type") != "EventType":
            return _refused(400, "Invalid Argument", "max_event_count must be 1 and owner_type EventType.")
        if not str(asked.get("owner", "")).startswith(f"{API}/event_types/"):
            return _refused(404, "Resource Not Found", "The owner does not exist.")
        link = Link(f"https://calendly.com/d/{uuid.uuid4().hex[:4]}-{uuid.uuid4().hex[:7]}/callback", asked["owner"])
        with self._lock:
            self.links[link.booking_url] = link
        resource = {"booking_url": link.booking_url, "owner": link.event_type, "owner_type": "EventType"}
        return Response.json(201, {"resource": resource})

    def _subscribe(self, request: Request) -> Answer:
        asked = request.json()
        if not {"url", "events", "organization", "scope"} <= asked.keys() or not asked["events"]:
            return _refused(400, "Invalid Argument", "url, events, organization and scope are required.")
        if asked["scope"] == "user" and "user" not in asked:
            return _refused(400, "Invalid Argument", "user is required for the scope user.")
        with self._lock:
            if any(known.callback_url == asked["url"] for known in self.subscriptions):
                return _refused(409, "Already Exists", "Hook with this url already exists")
            subscription = _subscription(asked)
            self.subscriptions.append(subscription)
        return Response.json(201, {"resource": _shown(subscription)})

    def _subscriptions(self, _: Request) -> Answer:
        collection = [_shown(subscription) for subscription in self.subscriptions]
        return Response.json(200, {"collection": collection, "pagination": {"next_page_token": None}})

    # -- the control API -------------------------------------------------------------------------------

    def _control(self, request: Request) -> Answer:
        try:
            return Response.json(200, self._controlled(request))
        except (KeyError, TypeError, ValueError) as error:
            return Response.json(400, {"error": f"{type(error).__name__}: {error}"})

    def _controlled(self, request: Request) -> Any:
        asked = request.json() or {}
        match request.path.removeprefix("/_control/"):
            case "faults":
                self.fault(asked["fault"], times=asked.get("times", 1))
                return {"faults": list(self._faults)}
            case "links":
                return {"links": [asdict(link) for link in self.links.values()]}
            case "book":
                return self.book(asked.pop("booking_url"), **asked)
            case "cancel":
                return self.tell(canceled(self._bookings[asked["invitee"]]))
            case "reschedule":
                starts_at = datetime.fromisoformat(asked["starts_at"])
                pair = rescheduled(self._bookings[asked["invitee"]], starts_at=starts_at)
                return [self.tell(event) for event in (pair[::-1] if asked.get("reversed") else pair)]
            case "no_show":
                return self.tell(no_show(self._bookings[asked["invitee"]]))
        raise ValueError(f"no control {request.path}")


_ROUTES: Final[dict[tuple[str, str], Callable[[CalendlyDouble, Request], Answer]]] = {
    ("GET", "/users/me"): CalendlyDouble._me,
    ("GET", "/event_types"): CalendlyDouble._event_types,
    ("GET", "/event_type_available_times"): CalendlyDouble._available_times,
    ("POST", "/scheduling_links"): CalendlyDouble._create_link,
    ("POST", "/webhook_subscriptions"): CalendlyDouble._subscribe,
    ("GET", "/webhook_subscriptions"): CalendlyDouble._subscriptions,
}


def _refused(status: int, title: str, message: str, headers: dict[str, str] | None = None) -> Response:
    return Response.json(status, {"title": title, "message": message, "details": []}, headers)


_LIMIT: Final = {"X-RateLimit-Limit": "50", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "37"}
_FAULT_ANSWERS: Final[dict[str, Answer]] = {
    "401": _refused(401, "Unauthenticated", "The access token is invalid"),
    "403": _refused(403, "Permission Denied", "You do not have permission to access this resource."),
    "429": _refused(429, "Too Many Requests", "You have exceeded the rate limit", _LIMIT),
    "500": Response.html(500, "<html><body>Internal Server Error</body></html>"),
    "hang": Hang(),
    "broken": Response(201, b'{"resource": {"booki'),
    "taken": _refused(400, "Invalid Argument", "The supplied parameters are invalid."),
}


def _subscription(asked: dict[str, Any]) -> Subscription:
    return Subscription(
        uri=f"{API}/webhook_subscriptions/{uuid.uuid4()}",
        callback_url=asked["url"],
        events=tuple(asked["events"]),
        signing_key=asked.get("signing_key"),
        scope=asked["scope"],
    )


def _shown(subscription: Subscription) -> dict[str, Any]:
    return {
        "uri": subscription.uri,
        "callback_url": subscription.callback_url,
        "events": list(subscription.events),
        "scope": subscription.scope,
        "state": "active",
        "organization": ORGANIZATION,
        "user": USER,
        "creator": USER,
    }


def _free_hours(start: datetime, end: datetime) -> list[dict[str, Any]]:
    hours = []
    hour = start.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    while hour < end:
        if 12 <= hour.hour < 20 and hour.weekday() < 5:
            starts_at = hour.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            url = f"https://calendly.com/bruno/callback/{starts_at}"
            hours.append(
                {"status": "available", "invitees_remaining": 1, "start_time": starts_at, "scheduling_url": url}
            )
        hour += timedelta(hours=1)
    return hours


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=9002)
    parser.add_argument("--token", default=TOKEN)
    asked = parser.parse_args()
    run_alone(CalendlyDouble(host=asked.host, port=asked.port, token=asked.token), name="Calendly")


if __name__ == "__main__":
    main()
