from tests.journeys.conftest import world

__all__ = ["world"]
