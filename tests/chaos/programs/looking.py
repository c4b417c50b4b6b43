"""How long the product's own claims take: each line on standard input asks for the median of that many looks."""

from __future__ import annotations

import statistics
import sys
import time

from tests.chaos.programs import installation


def main() -> None:
    with installation():
        print("ready", flush=True)
        for line in sys.stdin:
            print(statistics.median(look() for _ in range(int(line))), flush=True)


def look() -> float:
    """One claim of an event as a worker makes it, given back at once; in seconds."""
    from django.db import transaction

    from messaging.services.inbox import claim_next_in_order
    from project.kernel import clock

    began = time.perf_counter()
    with transaction.atomic():
        claim_next_in_order(clock.now())
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
