"""Is it alive? How long ago a conversation of the canary got through, and at which stage a later one is stuck."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings

from .models import CanaryRun
from .models.canary import Stage
from .services.canary import follow
from .services.heartbeat import last_tick

SILENT_PERIODS = 3
"""So many periods without a conversation that got through mean that something stopped."""

OVERDUE_PERIODS = 2
"""So many periods without a new run mean that nobody begins one."""

STUCK = {
    Stage.BEGUN: "no test conversation is begun: neither the clock nor a worker is at work",
    Stage.POSTED: "a webhook to our own door is not taken in",
    Stage.APPLIED: "what webhooks brought is not applied",
    Stage.TURNED: "the agent does not take its turns",
    Stage.QUEUED: "the agent's turns end without a reply",
    Stage.ACCEPTED: "replies are not sent",
    Stage.DELIVERED: "the reports of what was delivered do not come back",
}
"""What a run that is stuck before this stage says about the system."""


@dataclass(frozen=True, slots=True)
class Liveness:
    """`stuck_at` is the stage that the runs after the last success did not reach: the newest that was given up, else
    the one that has been under way longest.
    """

    now: datetime
    period: timedelta
    got_through_at: datetime | None
    took: timedelta | None
    stuck_at: Stage | None
    problem: str
    ticked_at: datetime | None

    @property
    def is_on(self) -> bool:
        return bool(self.period)

    @property
    def age(self) -> timedelta | None:
        """Since the last conversation that got through; None when none ever did."""
        return max(self.now - self.got_through_at, timedelta(0)) if self.got_through_at else None

    @property
    def tick_age(self) -> timedelta | None:
        return max(self.now - self.ticked_at, timedelta(0)) if self.ticked_at else None

    @property
    def is_silent(self) -> bool:
        return self.is_on and (self.age is None or self.age > SILENT_PERIODS * self.period)

    @property
    def complaint(self) -> str:
        """What has stopped, for a sentence; empty when nothing has."""
        if not self.is_silent:
            return ""
        stage = self.stuck_at or Stage.BEGUN
        return f"{STUCK[stage]} (stage “{stage}”)" + (f": {self.problem}" if self.problem else "")


def read_liveness(now: datetime) -> Liveness:
    """A few indexed looks."""
    period = timedelta(seconds=settings.CANARY_SECONDS)
    through = CanaryRun.objects.filter(delivered_at__isnull=False).order_by("-delivered_at").first()
    since = CanaryRun.objects.filter(begun_at__gt=through.begun_at) if through else CanaryRun.objects.all()
    newest = since.order_by("-begun_at").first()
    judged = since.filter(closed_at__isnull=False).order_by("-begun_at").first() or since.order_by("begun_at").first()
    is_begun = newest is not None and now - newest.begun_at <= OVERDUE_PERIODS * period
    return Liveness(
        now=now,
        period=period,
        got_through_at=through.delivered_at if through else None,
        took=through.delivered_at - through.begun_at if through and through.delivered_at else None,
        stuck_at=follow(judged).missing if judged and is_begun else Stage.BEGUN,
        problem=judged.problem if judged and is_begun else "",
        ticked_at=last_tick(),
    )
