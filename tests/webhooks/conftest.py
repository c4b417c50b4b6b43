from collections.abc import Iterator
from typing import Any

import pytest

from tests.doubles.receiver import ReceiverDouble
from tests.journeys.conftest import world

__all__ = ["world"]


@pytest.fixture
def crm(settings: Any) -> Iterator[ReceiverDouble]:
    """A system in the operator's own network."""
    settings.REACHABLE_NETWORKS = ["127.0.0.0/8"]
    with ReceiverDouble() as double:
        yield double
