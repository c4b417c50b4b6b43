"""Deaths at crash points (tests/crashes), on databases of their own beside the arena's.

`python -m tests.chaos.programs.dying COUNT SEED [BUG]`; as many points as asked for, half of them at calls to the
outer world, or all that there are. A small sample is drawn from two journeys: each costs a whole play of it.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from random import Random

from tests.crashes.journeys import JOURNEYS
from tests.crashes.stage import open_stages
from tests.crashes.walk import WALKERS, all_points, walk

SMALL = 100
FIRST = "question"  # from a webhook to the provider's answer
TAKEN = "_HttpClient.request/after call POST"


def main() -> None:
    count, seed, *bugs = sys.argv[1:]
    with open_stages(WALKERS) as stages:
        rng = Random(seed)
        journeys = list(JOURNEYS) if int(count) > SMALL else [FIRST, rng.choice([*JOURNEYS])]
        names = [str(point) for point in all_points(stages[0], journeys=set(journeys))]
        chosen = choose(names, int(count), rng)
        result = walk(chosen, stages=stages, journeys=sorted(set(journeys)), bug="".join(bugs))
    failed = [f"{failure.at}: {'; '.join(failure.complaints)}" for failure in result.failures]
    print(json.dumps({"points": result.points, "of": len(set(names)), "runs": result.runs, "failed": failed}))


def choose(names: Sequence[str], count: int, rng: Random) -> list[str]:
    """At least one death when the provider has just taken a message: where most is at stake, whatever else is drawn."""
    if count >= len(names):
        return list(names)
    worst = rng.choice([name for name in names if name.startswith(f"{FIRST}: ") and TAKEN in name])
    calls = [name for name in names if " call " in name and name != worst]
    others = [name for name in names if " call " not in name]
    at_calls = min(len(calls), max(0, count // 2 - 1))
    return [worst, *rng.sample(calls, at_calls), *rng.sample(others, count - 1 - at_calls)]


if __name__ == "__main__":
    main()
