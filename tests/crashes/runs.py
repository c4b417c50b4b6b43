"""One run of a journey: undisturbed, or with a death on the way."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from random import Random

from tests.crashes.journeys import JOURNEYS
from tests.crashes.judge import judge, words_of
from tests.crashes.outer_world import OuterWorld, Wrong
from tests.crashes.stage import Stage


@dataclass(frozen=True, slots=True)
class Point:
    """Where to die: in which journey, and at which passing of a name in it."""

    journey: str
    name: str

    def __str__(self) -> str:
        return f"{self.journey}: {self.name}"

    @property
    def place(self) -> str:
        """The name without its number."""
        return self.name.rpartition("#")[0]


@dataclass(frozen=True, slots=True)
class Failure:
    at: str
    seed: int
    complaints: tuple[str, ...]
    diary: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Undisturbed:
    """A journey in which nothing died: its points, and what Davi heard."""

    points: tuple[Point, ...]
    usual: Counter[str]


def play_undisturbed(stage: Stage, name: str, seed: int, *, bug: str = "") -> Undisturbed:
    """Raises Wrong for a journey that fails by itself."""
    journey = JOURNEYS[name]
    with (
        stage.set() as database,
        OuterWorld(stage, database, seed, Random(seed), first_dies_at=journey.first_dies_at, bug=bug) as world,
    ):
        journey.play(world)
        passed = world.ask("points")
        stage.nursery.order("learn", modules=passed["modules"])
        world.comes_to_rest()
        usual = words_of(world)
        complaints = judge(world, usual=usual)
    if complaints or world.to_die_at:
        raise Wrong(f"the journey “{name}” fails by itself: {complaints}")
    return Undisturbed(tuple(Point(name, point) for point in passed["points"]), usual)


def die_at(stage: Stage, point: Point, seed: int, usual: Counter[str], *, bug: str = "") -> Failure | None:
    """One run; None when all is well in the end."""
    journey, chance = JOURNEYS[point.journey], Random(f"{point} {seed}")
    with stage.set() as database:
        world = OuterWorld(
            stage, database, seed, chance, crash_at=point.name, first_dies_at=journey.first_dies_at, bug=bug
        )
        try:
            with world:
                journey.play(world)
                world.comes_to_rest()
                complaints = judge(world, usual=usual)
            if world.to_die_at:
                complaints.append("the system never came to this point")
        except Wrong as error:
            complaints = [str(error)]
    return Failure(str(point), seed, tuple(complaints), tuple(world.diary)) if complaints else None
