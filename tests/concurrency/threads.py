"""Several workers at once, each with a database connection of its own."""

import threading
from collections.abc import Callable
from typing import TypeVar

from django.db import connection

Found = TypeVar("Found")


def at_once(*works: Callable[[], Found], seconds: float = 60) -> list[Found]:
    """Let all begin at the same moment; what each of them came to, in their order. An error of one is raised."""
    barrier = threading.Barrier(len(works))
    found: dict[int, Found] = {}
    errors: list[Exception] = []

    def run(number: int, work: Callable[[], Found]) -> None:
        try:
            connection.ensure_connection()
            barrier.wait(20)
            found[number] = work()
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(number, work)) for number, work in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(seconds)
        assert not thread.is_alive(), "a worker hangs"
    if errors:
        raise errors[0]
    return [found[number] for number in range(len(works))]
