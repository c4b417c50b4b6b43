from collections.abc import Iterator

import pytest

from .stage import Stage, set_stage


@pytest.fixture
def stage(transactional_db: None) -> Iterator[Stage]:
    with set_stage() as ready:
        yield ready
