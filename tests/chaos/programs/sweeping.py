"""One reading of the provider's list, as the sweep does it: begins when a line comes on its standard input."""

from __future__ import annotations

import sys

from tests.chaos.programs import installation

BATCH = 5
"""So small that a hundred messages are many statements: a job of one statement cannot be killed half-way."""


def main() -> None:
    with installation():
        print("ready", flush=True)
        sys.stdin.readline()
        sweep()


def sweep() -> None:
    from messaging.models import Channel
    from messaging.services import missed
    from project.kernel import clock
    from project.kernel.scope import across_workspaces

    missed.BATCH = BATCH
    with across_workspaces():
        missed._sweep(Channel.objects.get(kind="whatsapp_twilio"), clock.now())


if __name__ == "__main__":
    main()
