import uuid
from typing import Any

from django.core.management.base import CommandParser

from crm.commands import WorkspaceCommand
from crm.models import Workspace
from project.kernel import clock
from project.kernel.errors import WrongValues
from webhooks.events import event_of
from webhooks.models import Delivery, Subscription
from webhooks.queries import LOG, log_of, subscriptions
from webhooks.services.replaying import replay_delivery, replay_failed
from webhooks.services.subscriptions import (
    create_subscription,
    disable_subscription,
    enable_subscription,
    send_test,
)


class Command(WorkspaceCommand):
    help = "The systems that are told what happens: list, add, test, log, replay, enable, disable, remove."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("action", choices=["list", "add", *ACTIONS])
        parser.add_argument("--id", type=int, help="The webhook's id.")
        parser.add_argument("--url", default="", help="Where to, for add.")
        parser.add_argument("--events", default="", help="Names parted by commas, for add.")
        parser.add_argument("--name", default="", help="What your team calls it, for add.")
        parser.add_argument("--delivery", default="", help="Replay this one alone.")

    def answer_within(self, workspace: Workspace, **options: Any) -> Any:
        action = options["action"]
        if action == "list":
            return [_shown(subscription) for subscription in subscriptions()]
        if action == "add":
            return _add(workspace, options)
        return ACTIONS[action](_subscription(options["id"]), options)

    def tell(self, answer: Any) -> str:
        rows = answer if isinstance(answer, list) else [answer]
        lines = ["  ".join(f"{name}: {value}" for name, value in row.items()) for row in rows]
        return "\n".join(lines) or "None."


def _add(workspace: Workspace, options: dict[str, Any]) -> dict[str, Any]:
    events = [name.strip() for name in options["events"].split(",") if name.strip()]
    made = create_subscription(
        workspace=workspace, url=options["url"], events=events, name=options["name"], now=clock.now()
    )
    return {**_shown(made), "secret": made.secrets["secret"]}


def _test(subscription: Subscription, options: dict[str, Any]) -> dict[str, Any]:
    return _told(send_test(subscription=subscription, now=clock.now()))


def _log(subscription: Subscription, options: dict[str, Any]) -> list[dict[str, Any]]:
    return [_told(delivery) for delivery in log_of(subscription)[:LOG]]


def _replay(subscription: Subscription, options: dict[str, Any]) -> dict[str, Any]:
    if not options["delivery"]:
        return {"replayed": replay_failed(subscription=subscription, now=clock.now())}
    delivery = _delivery(subscription, options["delivery"])
    return {"replayed": int(replay_delivery(delivery=delivery, now=clock.now()))}


def _enable(subscription: Subscription, options: dict[str, Any]) -> dict[str, Any]:
    enable_subscription(subscription=subscription)
    return _shown(subscription)


def _disable(subscription: Subscription, options: dict[str, Any]) -> dict[str, Any]:
    disable_subscription(subscription=subscription, reason="An operator disabled it.", now=clock.now())
    subscription.refresh_from_db()
    return _shown(subscription)


def _remove(subscription: Subscription, options: dict[str, Any]) -> dict[str, Any]:
    shown = _shown(subscription)
    subscription.delete()
    return {"removed": shown["id"], "url": shown["url"]}


ACTIONS = {
    "test": _test,
    "log": _log,
    "replay": _replay,
    "enable": _enable,
    "disable": _disable,
    "remove": _remove,
}


def _subscription(subscription_id: int | None) -> Subscription:
    found = Subscription.objects.filter(pk=subscription_id).first() if subscription_id is not None else None
    if found is None:
        raise WrongValues({"--id": f"there is no webhook {subscription_id} in this workspace"})
    return found


def _delivery(subscription: Subscription, key: str) -> Delivery:
    try:
        found = Delivery.objects.filter(subscription=subscription, key=uuid.UUID(key)).first()
    except ValueError:
        found = None
    if found is None:
        raise WrongValues({"--delivery": f"this webhook has no delivery “{key}”"})
    return found


def _shown(subscription: Subscription) -> dict[str, Any]:
    return {
        "id": subscription.pk,
        "name": subscription.name,
        "url": subscription.url,
        "is_active": subscription.is_active,
        "events": subscription.events,
        "failing_since": subscription.failing_since,
        "disabled_reason": subscription.disabled_reason,
    }


def _told(delivery: Delivery) -> dict[str, Any]:
    return {
        "id": str(delivery.key),
        "event": event_of(delivery.fact),
        "at": delivery.at.isoformat(),
        "state": delivery.state,
        "attempts": delivery.attempts_made,
        "status_code": delivery.status_code,
        "error": delivery.error,
    }
