from collections.abc import Iterator

import pytest

from tests.crashes.stage import Stage, open_stages
from tests.crashes.walk import WALKERS


@pytest.fixture(scope="package")
def stages() -> Iterator[list[Stage]]:
    """As many as walk side by side."""
    with open_stages(WALKERS) as opened:
        yield opened
