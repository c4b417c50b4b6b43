"""What must be true at the end of every run, wherever the system died on the way.

Judged by Twilio's own book, by the audit that operators run, and by what the database still has to do.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.crashes.outer_world import OuterWorld
from tests.doubles.twilio import BookedMessage

LATE = frozenset({"late_steps"})
"""A system that was down for a quarter of an hour is late, and says so."""


def judge(world: OuterWorld, *, usual: Counter[str]) -> list[str]:
    """Complaints; `usual` counts what Davi hears when nothing dies."""
    return [
        *_said_twice(world, usual),
        *_spoke_beside_person(world),
        *_not_taken_in(world),
        *_not_answered(world),
        *_told_nobody(world),
        *_climbed_in_silence(world),
        *_booked_in_vain(world),
        *_left_undone(world),
        *_audited(world),
    ]


def words_of(world: OuterWorld) -> Counter[str]:
    return Counter(booked.body for booked in world.heard())


def id_of(booked: BookedMessage) -> str:
    """Our own id of a message, as it travelled with it."""
    return parse_qs(urlsplit(booked.status_callback).query)["mid"][0]


def _said_twice(world: OuterWorld, usual: Counter[str]) -> Iterator[str]:
    for message, times in Counter(map(id_of, world.heard())).items():
        if times > 1:
            yield f"message {message} reached Davi {times} times"
    for body, times in words_of(world).items():
        if times > max(1, usual[body]):
            yield f"Davi heard {times} times: {body[:80]}"


def _spoke_beside_person(world: OuterWorld) -> Iterator[str]:
    heard = world.heard()
    voices = dict(_rows(world, "SELECT id::text, voice FROM messaging_message WHERE direction = 'out'"))
    for begins, ends in world.person_alone:
        for booked in heard[begins:ends]:
            if (voice := voices[id_of(booked)]) != "human":
                yield f"the {voice} spoke after a person had taken over: {booked.body[:80]}"


def _not_taken_in(world: OuterWorld) -> Iterator[str]:
    found = Counter(sid for (sid,) in _rows(world, "SELECT provider_id FROM messaging_message WHERE direction = 'in'"))
    for sid in world.written:
        if found[sid] != 1:
            yield f"Davi's message {sid} is there {found[sid]} times"


# A turn that looked after the word had come. Its reply reached Davi, or the row says why it did not.
NOT_ANSWERED = """
    SELECT word.body FROM messaging_message AS word
      JOIN messaging_webhookevent AS event ON event.key = word.provider_id AND event.kind = 'inbound'
     WHERE word.direction = 'in'
       AND NOT EXISTS (
           SELECT 1 FROM agents_turn AS turn
             JOIN messaging_message AS newest ON newest.id = turn.newest_id
             LEFT JOIN messaging_message AS reply ON reply.id = turn.reply_id
            WHERE turn.state = 'done' AND newest.at >= word.at AND turn.finished_at >= event.applied_at
              AND (turn.decision <> 'reply' OR reply.id::text = ANY(%(heard)s) OR reply.status IN ('failed', 'in_doubt')
                   OR reply.verdict ->> 'code' IN ('taken_over', 'newer_inbound'))
       )
       AND NOT EXISTS (
           SELECT 1 FROM messaging_message AS answer
            WHERE answer.voice = 'human' AND answer.position > word.position AND answer.id::text = ANY(%(heard)s)
       )
"""


def _not_answered(world: OuterWorld) -> Iterator[str]:
    heard = [id_of(booked) for booked in world.heard()]
    for (body,) in _rows(world, NOT_ANSWERED, heard=heard):
        yield f"nobody answered, and nothing says why: {body}"


TOLD_NOBODY = """
    SELECT word.body FROM messaging_message AS word
     WHERE word.status IN ('failed', 'in_doubt') AND word.purpose = 'service'
       AND NOT EXISTS (SELECT 1 FROM agents_staffalert WHERE starts_with(key, 'message:' || word.id || ':'))
"""


def _told_nobody(world: OuterWorld) -> Iterator[str]:
    for (body,) in _rows(world, TOLD_NOBODY):
        yield f"it did not arrive, and nobody was told: {body[:80]}"


CLIMBED_IN_SILENCE = """
    SELECT step.rung FROM handover_ladderstep AS step LEFT JOIN messaging_message AS word ON word.id = step.message_id
     WHERE step.state = 'fired' AND step.rung <> 'alert' AND NOT coalesce(
           word.id::text = ANY(%(heard)s) OR word.status IN ('suppressed', 'failed', 'in_doubt'), false)
"""


def _climbed_in_silence(world: OuterWorld) -> Iterator[str]:
    heard = [id_of(booked) for booked in world.heard()]
    for (rung,) in _rows(world, CLIMBED_IN_SILENCE, heard=heard):
        yield f"the rung “{rung}” counts as fired, and Davi heard nothing"


def _booked_in_vain(world: OuterWorld) -> Iterator[str]:
    known = {token for (token,) in _rows(world, "SELECT token FROM handover_booking WHERE state = 'booked'")}
    for token in world.booked:
        if token not in known:
            yield "Davi booked a call, and nobody knows of it"


UNDONE = {
    "events to apply": "SELECT key FROM messaging_webhookevent WHERE state = 'received'",
    "turns to take": "SELECT id FROM agents_turn WHERE state IN ('waiting', 'taken')",
    "conversations to look at": "SELECT id FROM messaging_conversation WHERE turn_due_at IS NOT NULL",
    "messages on their way": "SELECT body FROM messaging_message WHERE status IN ('queued', 'sending', 'unknown')",
    "attempts to settle": "SELECT id FROM messaging_attempt WHERE state IN ('calling', 'unknown')",
    "steps without a verdict": """
        SELECT rung FROM handover_ladderstep
         WHERE (state = 'pending' AND due_at < clock_timestamp()) OR (state <> 'pending' AND verdict = '')
    """,
    "news to deliver": "SELECT kind FROM agents_agentmessage WHERE due_at IS NOT NULL",
    "alerts to mail": "SELECT subject FROM agents_staffalert WHERE sent_at IS NULL",
    "floors held by nobody": "SELECT holder FROM messaging_floor WHERE holder <> '' AND expires_at < clock_timestamp()",
}


def _left_undone(world: OuterWorld) -> Iterator[str]:
    for what, question in UNDONE.items():
        if found := [str(row[0]) for row in _rows(world, question)]:
            yield f"{what}: {', '.join(found)[:200]}"


def _audited(world: OuterWorld) -> Iterator[str]:
    audit = world.ask("audit")
    for check, findings in audit["findings"].items():
        if check not in LATE:
            yield f"audit, {check}: {findings[0]['subject']}, {findings[0]['detail']}"


def _rows(world: OuterWorld, question: str, **values: Any) -> list[tuple[Any, ...]]:
    return world.database.execute(question, values or None).fetchall()
