"""kill -9 at every commit and every call: nothing is lost, nothing is said twice, no rung is missed.

Here one passing of every place is died at, as many as the time allows. All of them: `python -m tests.crashes`.
"""

from random import Random

import pytest

from tests.crashes.stage import Stage
from tests.crashes.walk import walk

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

AT_MOST_SECONDS = 60.0


def test_wherever_the_system_dies_every_promise_is_kept(stages: list[Stage]) -> None:
    result = walk("places", stages=stages, rng=Random(1), within_seconds=AT_MOST_SECONDS)
    assert result.failures == ()
    assert result.runs >= 5
