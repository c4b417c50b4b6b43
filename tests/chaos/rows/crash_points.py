"""Row 4: the system dies at named points, before and after each commit and each call, runs again, and is judged."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from random import Random
from typing import Any

from project.installation import CHECKOUT, Server
from tests.chaos.arena import Arena
from tests.chaos.bugs import VARIABLE
from tests.chaos.matrix import NOTHING_BROKEN, Outcome, Reach, Row

BUG = "attempt_committed_after_call"


def run(arena: Arena, faults: int, rng: Random) -> Outcome:
    told = die(arena, faults, rng)
    figures = {
        **NOTHING_BROKEN,
        "unsettled": 0,
        "failed_points": len(told["failed"]),
        "share": told["points"] / told["of"],
    }
    return Outcome(told["runs"], told["points"], figures, {"failed_points": told["failed"][:5]})


def die(arena: Arena, count: int, rng: Random) -> dict[str, Any]:
    """In processes and databases of their own, on the arena's server; the arena rests meanwhile."""
    planted = arena.system.environment.get(VARIABLE, "").split(",")
    words = [str(count), str(rng.getrandbits(32)), *([BUG] if BUG in planted else [])]
    url = arena.system.installation.url(Server.POSTGRES)
    done = subprocess.run(
        [sys.executable, "-m", "tests.chaos.programs.dying", *words],
        cwd=CHECKOUT, env={**os.environ, "DATABASE_URL": url}, stdout=subprocess.PIPE, text=True, check=True,
    )  # fmt: skip
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


ROW = Row(
    number=4,
    name="death at every commit and every call",
    promises=("P1", "P2", "P3", "P4"),
    reach=Reach(at_most={"failed_points": 0}),
    bug=BUG,
    symptom="failed_points",
    run=run,
    least=6,
    share=3,
)
