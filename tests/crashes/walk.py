"""Walking the points: one run for each, in which the system dies there, runs again, and everything is judged.

`walk()` is what the tests, the command and the chaos run call.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from queue import SimpleQueue
from random import Random
from typing import TypeVar

from tests.crashes.journeys import JOURNEYS
from tests.crashes.runs import Failure, Point, Undisturbed, die_at, play_undisturbed
from tests.crashes.stage import Stage, open_stages

WALKERS = 2

Task = TypeVar("Task")
Done = TypeVar("Done")
Step = tuple[Point, int]
"""A point and the seed of the run that dies there."""
Undisturbeds = dict[tuple[str, int], Undisturbed]


@dataclass(frozen=True, slots=True)
class Result:
    """What was walked: how many `points`, at how many `places` of the code, in how many runs."""

    points: int
    places: int
    runs: int
    seconds: float
    failures: tuple[Failure, ...]


def walk(
    points: str | Collection[str] = "all",
    *,
    seeds: Sequence[int] = (0,),
    rng: Random | None = None,
    journeys: Collection[str] = tuple(JOURNEYS),
    near: str = "",
    bug: str = "",
    stages: Sequence[Stage] = (),
    stops_at_failure: bool = False,
    within_seconds: float = float("inf"),
    watch: Callable[[str], None] = lambda news: None,
) -> Result:
    """`points`: "all"; "places", one passing of every place, drawn by `rng`; or the points themselves, by name.

    `near` keeps those whose name contains it. After `within_seconds` of walking no further run is begun: what was
    walked by then is a sample. Without `stages` the walk opens its own. `watch` hears of every run as it ends.
    """
    begun = time.monotonic()
    with ExitStack() as opened:
        walkers = _Walkers(stages or opened.enter_context(open_stages(WALKERS)), bug, stops_at_failure, watch)
        undisturbed = walkers.play_undisturbed(journeys, seeds)
        steps = _choose(points, undisturbed, near, rng or Random(0))
        walkers.walk(steps, undisturbed, time.monotonic() + within_seconds)
    return Result(
        points=len({str(point) for point, _ in walkers.walked}),
        places=len({point.place for point, _ in walkers.walked}),
        runs=len(walkers.walked),
        seconds=round(time.monotonic() - begun, 1),
        failures=tuple(walkers.failures),
    )


def all_points(stage: Stage, *, seed: int = 0, journeys: Collection[str] = tuple(JOURNEYS)) -> list[Point]:
    return [point for journey in journeys for point in play_undisturbed(stage, journey, seed).points]


def _choose(wanted: str | Collection[str], undisturbed: Undisturbeds, near: str, rng: Random) -> list[Step]:
    steps = [(point, seed) for (_, seed), run in undisturbed.items() for point in run.points if near in str(point)]
    if wanted == "places":
        rng.shuffle(steps)
        steps = list({point.place: (point, seed) for point, seed in steps}.values())
        rng.shuffle(steps)  # a dict stands in the order of first sight: common places would come first
    elif wanted != "all":
        steps = [(point, seed) for point, seed in steps if str(point) in wanted]
    if not steps:
        raise LookupError(f"no such point: {wanted} {near}")
    return steps


@dataclass(slots=True)
class _Walkers:
    """Several stages that share the work."""

    stages: Sequence[Stage]
    bug: str
    stops_at_failure: bool
    watch: Callable[[str], None]
    walked: list[Step] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)

    def play_undisturbed(self, journeys: Iterable[str], seeds: Iterable[int]) -> Undisturbeds:
        wanted = [(journey, seed) for seed in seeds for journey in journeys]
        played = self._share(wanted, lambda stage, one: play_undisturbed(stage, *one, bug=self.bug))
        return dict(zip(wanted, played, strict=True))

    def walk(self, steps: Sequence[Step], undisturbed: Undisturbeds, ends: float) -> None:
        def take(stage: Stage, step: Step) -> None:
            if time.monotonic() > ends or (self.failures and self.stops_at_failure):
                return
            self.walked.append(step)
            point, seed = step
            if failure := die_at(stage, point, seed, undisturbed[point.journey, seed].usual, bug=self.bug):
                self.failures.append(failure)
            self.watch(f"{len(self.walked)}/{len(steps)} {'FAILED' if failure else 'well'} {point} (seed {seed})")

        self._share(steps, take)

    def _share(self, tasks: Sequence[Task], act: Callable[[Stage, Task], Done]) -> list[Done]:
        """Every stage takes the next task as soon as it is free."""
        free: SimpleQueue[Stage] = SimpleQueue()
        for stage in self.stages:
            free.put(stage)

        def act_on_free_stage(task: Task) -> Done:
            stage = free.get()
            try:
                return act(stage, task)
            finally:
                free.put(stage)

        with ThreadPoolExecutor(len(self.stages)) as threads:
            return list(threads.map(act_on_free_stage, tasks))
