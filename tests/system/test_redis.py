"""Redis only wakes hands: with everything in it gone, all still happens, a little later."""

import pytest

from tests.system.installation import Acme, eventually

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]


def test_redis_emptied_in_the_middle_of_a_ladder_loses_nothing(acme: Acme) -> None:
    acme.set_ladder(2, 4, 6, 8)
    davi = acme.customer()
    davi.asks_for_person()
    eventually(lambda: davi.steps()["alert"] == "fired")
    acme.empty_redis()
    carla = acme.customer()
    carla.says("Hello")
    acme.empty_redis()
    carla.waits_for_texts(1)
    eventually(lambda: davi.steps()["update"] == "fired")
    acme.empty_redis()
    eventually(lambda: davi.handover()["state"] == "callback", seconds=40)
    assert set(davi.steps().values()) == {"fired"}
    bodies = davi.heard_texts()
    assert len(bodies) == len(set(bodies))
