from collections.abc import Iterator

import pytest

from project.kernel import clock
from tests.doubles.twilio import CallbackPlan, TwilioDouble
from tests.journeys.world import World


@pytest.fixture
def world(transactional_db: None) -> Iterator[World]:
    """Committed rows that every connection sees; at the true time, because leases live in it."""
    with TwilioDouble(plan=CallbackPlan.never()) as twilio:
        yield World(twilio, clock.now())
