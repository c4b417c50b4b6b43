"""The part of Calendly's API v2 that a booking offer needs. https://developer.calendly.com/api-docs"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Final, Self
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import httpx

API_BASE: Final = "https://api.calendly.com"
EVENTS: Final = ("invitee.created", "invitee.canceled", "invitee_no_show.created", "invitee_no_show.deleted")
# Newer descriptions allow 31 days in one question, older ones 7: seven are always answered.
_SPAN: Final = timedelta(days=7)


class CalendlyErrorKind(StrEnum):
    UNAUTHORIZED = "unauthorized"  # the token, or what it may do
    RATE_LIMITED = "rate_limited"
    REJECTED = "rejected"
    UNREACHABLE = "unreachable"  # no answer, or none that can be read; nothing here is harmed by repeating


class CalendlyError(Exception):
    def __init__(
        self, kind: CalendlyErrorKind, detail: str, *, status: int | None = None, retry_after: float | None = None
    ) -> None:
        super().__init__(f"{kind}: {detail}")
        self.kind = kind
        self.detail = detail
        self.status = status
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class Account:
    uri: str
    organization: str
    name: str
    email: str
    timezone: str


@dataclass(frozen=True, slots=True)
class EventType:
    uri: str
    name: str
    duration: int  # minutes
    scheduling_url: str


@dataclass(frozen=True, slots=True)
class AvailableTime:
    starts_at: datetime
    scheduling_url: str


class CalendlyClient:
    """Use as a context manager, or `close()` it."""

    def __init__(self, token: str, api_base: str = API_BASE, timeout: float = 8.0) -> None:
        self._http = httpx.Client(
            base_url=api_base,
            headers={"Authorization": f"Bearer {token}"},
            timeout=httpx.Timeout(timeout, connect=min(timeout, 3.0)),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        self._http.close()

    def me(self) -> Account:
        user = self._resource("GET", "/users/me")
        with _readable():
            return Account(
                uri=user["uri"],
                organization=user["current_organization"],
                name=user.get("name") or "",
                email=user.get("email") or "",
                timezone=user.get("timezone") or "",
            )

    def event_types(self) -> list[EventType]:
        """The active event types of the token's owner."""
        found = self._collection("/event_types", {"user": self.me().uri, "active": "true", "count": "100"})
        with _readable():
            return [
                EventType(each["uri"], each["name"], int(each["duration"]), each["scheduling_url"]) for each in found
            ]

    def create_single_use_link(self, event_type: str) -> str:
        asked = {"max_event_count": 1, "owner": event_type, "owner_type": "EventType"}
        resource = self._resource("POST", "/scheduling_links", json=asked)
        with _readable():
            return str(resource["booking_url"])

    def available_times(self, event_type: str, *, start: datetime, end: datetime) -> list[AvailableTime]:
        """Free starts in [start, end); `start` must lie in the future. Nothing is held by asking."""
        found = [
            time
            for first, last in _spans(start, end)
            for time in self._collection("/event_type_available_times", _time_query(event_type, first, last))
        ]
        with _readable():
            return [
                AvailableTime(datetime.fromisoformat(each["start_time"]), each["scheduling_url"])
                for each in found
                if each["status"] == "available"
            ]

    def create_webhook_subscription(
        self, url: str, signing_key: str, *, events: tuple[str, ...] = EVENTS, scope: str = "user"
    ) -> str:
        """Returns the subscription's URI. A second one for the same address is REJECTED with status 409."""
        account = self.me()
        asked = {"url": url, "events": list(events), "organization": account.organization, "scope": scope}
        asked |= {"signing_key": signing_key} | ({"user": account.uri} if scope == "user" else {})
        resource = self._resource("POST", "/webhook_subscriptions", json=asked)
        with _readable():
            return str(resource["uri"])

    def _resource(self, method: str, path: str, **request: Any) -> dict[str, Any]:
        answer = self._answer(method, path, **request)
        with _readable():
            resource: dict[str, Any] = answer["resource"]
            return resource

    def _collection(self, path: str, query: dict[str, str]) -> Iterator[dict[str, Any]]:
        page: dict[str, str] = {}
        while True:
            answer = self._answer("GET", path, params=query | page)
            with _readable():
                found = list(answer["collection"])
                next_page = (answer.get("pagination") or {}).get("next_page_token")
            yield from found
            if not next_page:
                return
            page = {"page_token": next_page}

    def _answer(self, method: str, path: str, **request: Any) -> dict[str, Any]:
        try:
            response = self._http.request(method, path, **request)
        except httpx.HTTPError as error:
            raise CalendlyError(CalendlyErrorKind.UNREACHABLE, f"{type(error).__name__}: {error}"[:500]) from error
        if not response.is_success:
            raise _refusal(response)
        with _readable():
            answer: dict[str, Any] = response.json()
            return answer


class _readable:
    """Turns an answer of another shape than described into a named error."""

    def __enter__(self) -> None: ...

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        if isinstance(error, (ValueError, KeyError, TypeError, AttributeError)):
            raise CalendlyError(CalendlyErrorKind.UNREACHABLE, "Calendly's answer cannot be read") from error


def _refusal(response: httpx.Response) -> CalendlyError:
    kind = _kind_of(response.status_code)
    retry_after = _seconds(response.headers.get("X-RateLimit-Reset")) if response.status_code == 429 else None
    return CalendlyError(kind, _detail(response), status=response.status_code, retry_after=retry_after)


def _kind_of(status: int) -> CalendlyErrorKind:
    if status in (401, 403):
        return CalendlyErrorKind.UNAUTHORIZED
    if status == 429:
        return CalendlyErrorKind.RATE_LIMITED
    return CalendlyErrorKind.UNREACHABLE if status >= 500 else CalendlyErrorKind.REJECTED


def _seconds(text: str | None) -> float:
    try:
        return max(float(text or ""), 0.0)
    except ValueError:
        return 60.0


def _detail(response: httpx.Response) -> str:
    try:
        told = response.json()
        return f"HTTP {response.status_code}: {told['title']}: {told['message']}"[:500]
    except (ValueError, KeyError, TypeError):
        return f"HTTP {response.status_code}"


def _spans(start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
    while start < end:
        yield start, min(start + _SPAN, end)
        start += _SPAN


def _time_query(event_type: str, start: datetime, end: datetime) -> dict[str, str]:
    return {"event_type": event_type, "start_time": _utc(start), "end_time": _utc(end)}


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def with_tracking(url: str, *, token: str, name: str = "", email: str = "") -> str:
    """Put our token and the invitee's details into a booking link; what the link says already stays.

    Calendly returns `utm_content` with every event of the booking: it is how we know whose booking it is.
    """
    parts = urlsplit(url)
    kept = [(key, value) for key, value in parse_qsl(parts.query, keep_blank_values=True) if key != "utm_content"]
    ours = {"utm_source": "baton", "name": name, "email": email}
    present = {key for key, _ in kept}
    added = [(key, value) for key, value in ours.items() if value and key not in present]
    return urlunsplit(parts._replace(query=urlencode([*kept, *added, ("utm_content", token)])))
