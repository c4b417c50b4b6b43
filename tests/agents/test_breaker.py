"""The circuit breaker, by a clock that the test turns."""

import threading

from agents.reasoning.breaker import Breaker, State


def opened(at: float = 0.0) -> Breaker:
    breaker = Breaker(failures_to_open=3, rest_seconds=30)
    for _ in range(3):
        breaker.record_failure(at)
    return breaker


def test_it_stays_closed_while_failures_are_not_in_a_row() -> None:
    breaker = Breaker(failures_to_open=3)
    for _ in range(5):
        breaker.record_failure(0)
        breaker.record_failure(0)
        breaker.record_success()
    assert breaker.allows(0)


def test_three_failures_in_a_row_open_it() -> None:
    breaker = opened()
    assert breaker.state(1) is State.OPEN
    assert not breaker.allows(29.9)


def test_after_its_rest_it_lets_one_probe_through() -> None:
    breaker = opened()
    assert breaker.state(30) is State.HALF_OPEN
    assert breaker.allows(30)
    assert not breaker.allows(30)


def test_a_probe_that_succeeds_closes_it() -> None:
    breaker = opened()
    assert breaker.allows(30)
    breaker.record_success()
    assert breaker.state(30) is State.CLOSED
    assert breaker.allows(30)


def test_a_probe_that_fails_opens_it_again_at_once() -> None:
    breaker = opened()
    assert breaker.allows(30)
    breaker.record_failure(31)
    assert not breaker.allows(60)
    assert breaker.allows(61)


def test_a_probe_that_never_reports_is_forgotten() -> None:
    breaker = opened()
    assert breaker.allows(30)
    assert not breaker.allows(59)
    assert breaker.allows(60)


def test_a_server_that_says_how_long_to_stay_away_is_obeyed_at_once_up_to_ten_minutes() -> None:
    breaker = Breaker()
    breaker.record_failure(0, retry_after=300)
    assert not breaker.allows(299)
    assert breaker.allows(300)
    endless = Breaker()
    endless.record_failure(0, retry_after=1e9)
    assert endless.allows(600)


def test_a_late_failure_does_not_shorten_the_rest() -> None:
    breaker = Breaker()
    breaker.record_failure(0, retry_after=300)
    breaker.record_failure(1)
    assert not breaker.allows(299)


def test_of_many_threads_one_is_the_probe() -> None:
    breaker = opened()
    allowed: list[bool] = []
    start = threading.Barrier(16)

    def ask() -> None:
        start.wait()
        allowed.append(breaker.allows(30))

    threads = [threading.Thread(target=ask) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert allowed.count(True) == 1
