"""One voice of the race for a floor: asks for it again and again, speaks when it has it, and tells what became of it.

`python -m tests.chaos.programs.racing HOLDER SECONDS PHONE SEED`; begins when a line comes on its standard input.
"""

from __future__ import annotations

import json
import sys
import time
import uuid
from random import Random
from typing import Any

from tests.chaos.programs import installation

LOOK_SECONDS = 0.05
THINKING_SECONDS = 0.01
BETWEEN_SECONDS = (0.1, 2.0)  # agents ask all the time; a person who always spoke would leave them nothing
PATIENCE_SECONDS = 20.0


def main() -> None:
    holder, seconds, phone, seed = sys.argv[1:]
    with installation():
        print("ready", flush=True)
        sys.stdin.readline()
        print(json.dumps(race(holder, float(seconds), phone, Random(f"{seed}/{holder}"))))


def race(holder: str, seconds: float, phone: str, rng: Random) -> list[dict[str, Any]]:
    from messaging.models import Conversation
    from project.kernel.scope import across_workspaces, workspace_scope

    with across_workspaces():
        conversation = Conversation.objects.select_related("lead", "workspace").get(
            windows__address=f"whatsapp:{phone}"
        )
    told: list[dict[str, Any]] = []
    key = uuid.uuid4().hex
    with workspace_scope(conversation.workspace):
        over = time.monotonic() + seconds
        while time.monotonic() < over:
            time.sleep(rng.uniform(0, BETWEEN_SECONDS[holder == "human"]))
            speak = _person if holder == "human" else _agent
            told.append({"holder": holder, **speak(conversation, holder, f"{key}:{len(told)}")})
    return told


VOICES = {"primary": "ai", "bridge": "bridge", "system": "system"}


def _agent(conversation: Any, holder: str, key: str) -> dict[str, Any]:
    from messaging import floor
    from messaging.services.outbound import queue_message
    from project.kernel import clock

    grant = floor.acquire(workspace_id=conversation.workspace_id, lead_id=conversation.lead_id, holder=holder)
    if not isinstance(grant, floor.Grant):
        return {"outcome": "busy"}
    granted_at = time.time()
    time.sleep(THINKING_SECONDS)  # and somebody may come in between
    word = queue_message(
        conversation=conversation, voice=VOICES[holder], body=f"{holder} {key}", intent_key=f"race:{holder}:{key}",
        grant=grant, now=clock.now(),
    )  # fmt: skip
    return {"epoch": grant.epoch, "granted_at": granted_at, "mid": str(word.pk), **_wait_for_end(word)}


def _person(conversation: Any, holder: str, key: str) -> dict[str, Any]:
    from agents.coordinator import return_to_ai, send_as_person
    from crm.models import User
    from project.kernel import clock

    ana = User.objects.get(email="ana@acme.test")
    word = send_as_person(conversation=conversation, user=ana, body=f"Ana {key}", now=clock.now(), key=key)
    said = {"epoch": word.epoch, "granted_at": time.time(), "mid": str(word.pk)}
    end = _wait_for_end(word)
    return_to_ai(conversation=conversation, user=ana, reason="the race goes on", now=clock.now())
    return {**said, **end}


def _wait_for_end(word: Any) -> dict[str, Any]:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while word.status in ("queued", "sending", "unknown") and time.monotonic() < deadline:
        time.sleep(LOOK_SECONDS)
        word.refresh_from_db(fields=["status", "verdict"])
    return {"outcome": word.status, "code": word.verdict.get("code", ""), "ended_at": time.time()}


if __name__ == "__main__":
    main()
