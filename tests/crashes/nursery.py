"""Where crashing systems are born: a process that has imported everything, and opened nothing, forks them.

It takes orders on its standard input, one JSON document a line, and answers each on its standard output.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import sys
from contextlib import suppress
from typing import Any

from project.kernel import clock


def main() -> None:
    import django

    django.setup()
    _warm_up()
    gc.freeze()  # or the children would copy what they never change
    for line in sys.stdin:
        order = json.loads(line)
        print(json.dumps(ORDERS[order.pop("do")](**order)), flush=True)


def _warm_up() -> None:
    """Addresses and phrase books are read on first use."""
    from django.urls import reverse

    import project.asgi  # noqa: F401
    from agents.reasoning.offline import OfflineAnalyst
    from agents.reasoning.ports import Question

    reverse("inbox:thread", args=["acme", 1])
    OfflineAnalyst().analyse(Question("What does it cost?", now=clock.now()))


def bear(**order: Any) -> int:
    """The process id of a new system."""
    from tests.crashes.system import live

    pid = os.fork()
    if pid == 0:
        try:
            live(order)
        except BaseException:
            sys.excepthook(*sys.exc_info())
        os._exit(1)
    return pid


def bury(*, pid: int) -> int:
    """Waits for its end; the exit code, negative for a signal."""
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def found(*, database: str, twilio: str, calendly: str) -> dict[str, str]:
    """Let a child set up the installation in an empty database; the addresses and keys that its visitors need."""
    from tests.crashes.founding import found_installation

    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            known = found_installation(database=database, twilio=twilio, calendly=calendly)
            os.write(writing, json.dumps(known).encode())
            os._exit(0)
        except BaseException:
            sys.excepthook(*sys.exc_info())
        os._exit(1)
    os.close(writing)
    with os.fdopen(reading) as answer:
        known = answer.read()
    if bury(pid=pid) != 0:
        raise SystemExit("the installation could not be set up")
    result: dict[str, str] = json.loads(known)
    return result


def learn(*, modules: list[str]) -> int:
    """Import what a child had to import, so that its siblings need not."""
    missing = [name for name in modules if name not in sys.modules]
    for name in missing:
        with suppress(Exception):  # a module that cannot be imported by its name alone costs a child some time
            importlib.import_module(name)
    gc.freeze()
    return len(missing)


ORDERS = {"bear": bear, "bury": bury, "found": found, "learn": learn}


if __name__ == "__main__":
    main()
