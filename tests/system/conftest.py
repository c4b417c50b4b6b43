from collections.abc import Iterator

import pytest

from tests.system.installation import Acme, acme_installation


@pytest.fixture(scope="session")
def acme() -> Iterator[Acme]:
    """One installation without a model, for every test that leaves it working."""
    with acme_installation() as running:
        yield running
