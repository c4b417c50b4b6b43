from collections.abc import Iterator

import pytest

from messaging.models import Conversation
from project.kernel import clock
from tests.cast import DAVIS_PHONE
from tests.doubles.twilio import CallbackPlan, TwilioDouble
from tests.journeys.world import World
from tests.properties.conftest import stage
from tests.properties.stage import Stage

__all__ = ["davi", "stage", "world"]


@pytest.fixture
def world(transactional_db: None) -> Iterator[World]:
    """Committed rows that every connection sees; at the true time, because leases live in it."""
    with TwilioDouble(plan=CallbackPlan.never()) as twilio:
        yield World(twilio, clock.now())


@pytest.fixture
def davi(stage: Stage) -> Conversation:
    """Committed rows as well, with a clock that stands still and a provider that is told what to do."""
    stage.clear()
    return stage.meet(DAVIS_PHONE, "Davi")
