from collections.abc import Iterator

import pytest

from tests.journeys.world import World, small_world


@pytest.fixture
def world(db: None) -> Iterator[World]:
    with small_world() as small:
        yield small
