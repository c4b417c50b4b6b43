from collections.abc import Iterator

import pytest

from tests.analytics.history import History, written_history
from tests.journeys.conftest import world

__all__ = ["world"]


@pytest.fixture
def history(db: None) -> Iterator[History]:
    with written_history() as history:
        yield history
