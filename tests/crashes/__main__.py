"""`python -m tests.crashes`: walk the crash points, or die at one of them and tell the story."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from random import Random
from typing import Any

from project.embedded import attach
from tests.crashes.journeys import JOURNEYS
from tests.crashes.runs import Failure
from tests.crashes.stage import Stage, open_stages
from tests.crashes.walk import WALKERS, Result, all_points, walk
from tests.servers import TEST_DATA


def main() -> int:
    asked = _parser().parse_args()
    with _stages(1 if asked.at or asked.list else asked.walkers) as stages:
        if asked.list:
            return _list(stages[0], asked)
        result = walk(asked.at or asked.points, stages=stages, **_options(asked))
    print(json.dumps(asdict(result)) if asked.json else _told(result))
    return 1 if result.failures else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.crashes", description=__doc__)
    parser.add_argument("--points", choices=["all", "places"], default="all", help="places: one passing of every place")
    parser.add_argument("--at", action="append", metavar="NAME", help="only this point; may be repeated")
    parser.add_argument("--journey", action="append", choices=sorted(JOURNEYS), help="only this journey")
    parser.add_argument("--near", default="", metavar="TEXT", help="only points whose name contains it")
    parser.add_argument("--seeds", type=int, default=1, help="how many: 0, 1, 2, …")
    parser.add_argument("--seed", type=int, help="only this one")
    parser.add_argument("--draw", type=int, default=0, help="which passing of every place is drawn")
    parser.add_argument("--bug", default="", help="plant one of tests/crashes/planted.py")
    parser.add_argument("--walkers", type=int, default=WALKERS)
    parser.add_argument("--list", action="store_true", help="name the points and walk none")
    parser.add_argument("--json", action="store_true")
    return parser


def _options(asked: argparse.Namespace) -> dict[str, Any]:
    named = {name.partition(":")[0] for name in asked.at or ()}
    return {
        "seeds": range(asked.seeds) if asked.seed is None else [asked.seed],
        "journeys": sorted(named) or asked.journey or list(JOURNEYS),
        "rng": Random(asked.draw),
        "near": asked.near,
        "bug": asked.bug,
        "watch": lambda news: print(news, file=sys.stderr, flush=True),
    }


@contextmanager
def _stages(count: int) -> Iterator[list[Stage]]:
    """On the server of DATABASE_URL, else on the embedded one of the tests."""
    os.environ.setdefault("BATON_EMBEDDED_FSYNC", "off")
    with ExitStack() as opened:
        if not os.environ.get("DATABASE_URL"):
            opened.enter_context(attach(TEST_DATA))
        yield opened.enter_context(open_stages(count))


def _list(stage: Stage, asked: argparse.Namespace) -> int:
    options = _options(asked)
    for point in all_points(stage, seed=asked.seed or 0, journeys=options["journeys"]):
        print(point)
    return 0


def _told(result: Result) -> str:
    stories = [_story(failure) for failure in result.failures]
    sums = f"{result.points} points at {result.places} places, {result.runs} runs in {result.seconds:g} s: "
    return "\n".join([*stories, sums + (f"{len(stories)} failed" if stories else "all is well")])


def _story(failure: Failure) -> str:
    lines = [f'--at "{failure.at}" --seed {failure.seed}']
    lines += [f"    {complaint}" for complaint in failure.complaints]
    lines += [f"        {line}" for line in failure.diary]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
