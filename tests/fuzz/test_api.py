"""The whole API against its own description: whatever is asked, the answer is one that the schema promises.

Schemathesis reads /api/v1/schema/ and makes requests of it, sensible and senseless ones, the same in every run. It is
Bruno who asks; many ids are those of rows in his workspace, some of rows in Clara's.
"""

import traceback
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from zlib import crc32

import pytest
import schemathesis
from django.core.handlers.wsgi import WSGIHandler
from hypothesis import HealthCheck, Phase, settings
from rest_framework.throttling import SimpleRateThrottle
from schemathesis import APIOperation, Case
from schemathesis.core.failures import FailureGroup
from schemathesis.generation.hypothesis.builder import HypothesisTestConfig, HypothesisTestMode, create_test
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

from crm.services.tokens import create_token
from project.kernel import clock
from project.kernel.scope import workspace_scope
from tests.fuzz.strangers import SENTINEL, Strangers, settle_strangers
from tests.fuzz.verdicts import assert_all_is_sound, assert_nothing_leaks
from tests.inbox.seed import say
from tests.journeys.world import World, small_world

EXAMPLES = 12
"""Drawn for each of the addresses, beside those that cover the schema's boundaries one by one."""

STRICTER_THAN_WE_SAY = [
    positive_data_acceptance,  # no schema can say that a text must be the name of an IANA time zone
    negative_data_rejection,  # 0 is taken for false, and a number for a text, as forms do
]


@dataclass(frozen=True, slots=True)
class Ground:
    world: World
    strangers: Strangers
    token: str
    ids: dict[str, Any]
    heard: Counter[int] = field(default_factory=Counter)
    """Answers by their status."""

    def aim(self, case: Case) -> None:
        """By chance nobody would hit a row: many ids become one of Bruno's, some one of Clara's. So with workspaces."""
        for name, value in case.path_parameters.items():
            if name in self.ids:
                wanted = {0: self.ids, 1: self.ids, 2: self.strangers.ids}.get(crc32(str(value).encode()) % 5)
                case.path_parameters[name] = wanted[name] if wanted else value
        slug = str(case.query.get("workspace") or "")
        if slug:
            case.query["workspace"] = ("acme", "acme", "other", slug)[crc32(slug.encode()) % 4]


@pytest.fixture
def ground(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ground]:
    monkeypatch.setattr(SimpleRateThrottle, "THROTTLE_RATES", {"user": None, "anon": None})  # or nearly all are refused
    now = clock.now()
    with small_world(now) as world:
        world.davi_says("Hello, how much is it?")
        world.davi_says("I want to talk to a human about my contract")
        strangers = settle_strangers(now)
        before = strangers.traces()
        yield Ground(world, strangers, create_token(email="bruno@acme.test", now=now), _ids(world))
        assert strangers.traces() == before
        assert_all_is_sound(clock.now())


def _ids(world: World) -> dict[str, Any]:
    with workspace_scope(world.acme):
        failed = say(world.conversation, "ai", "This did not arrive.", world.now, status="failed", error_code="30007")
        return {
            "conversation_id": world.conversation.pk,
            "lead_id": world.conversation.lead_id,
            "handover_id": world.handover.pk,
            "message_id": str(failed.pk),
            "channel_id": world.channel.pk,
        }


@pytest.mark.timeout(600)
def test_every_answer_is_one_that_the_schema_promises(ground: Ground) -> None:
    schema = schemathesis.openapi.from_wsgi("/api/v1/schema/?format=json", WSGIHandler())
    schema.config.generation.with_security_parameters = False  # the token is ours
    operations = [found.ok() for found in schema.get_all_operations()]
    assert len(operations) >= 22
    broken = {operation.label: words for operation in operations if (words := complaints_about(operation, ground))}
    assert not broken, "\n\n".join(f"{label}\n{words}" for label, words in broken.items())
    assert min(ground.heard[200], ground.heard[404], ground.heard[400]) > 50, ground.heard


def complaints_about(operation: APIOperation, ground: Ground) -> str:
    """Ask everything of one address, and hear what was wrong with the answers."""

    token = {"Authorization": f"Token {ground.token}"}

    def answers(case: Case) -> None:
        ground.aim(case)
        answer = case.call(headers=token)
        ground.heard[answer.status_code] += 1
        case.validate_response(answer, headers=token, excluded_checks=STRICTER_THAN_WE_SAY)
        assert SENTINEL not in answer.text
        assert_nothing_leaks(answer.text, secrets=[ground.token], asked=f"{case.body} {case.query}")

    try:
        create_test(operation=operation, test_func=answers, config=asked_in_full(operation))()
    except (BaseExceptionGroup, AssertionError, FailureGroup) as error:
        return "".join(traceback.format_exception(error))
    return ""


def asked_in_full(operation: APIOperation) -> HypothesisTestConfig:
    """Every boundary of the schema once, and then by chance, the same in every run."""
    return HypothesisTestConfig(
        project=operation.schema.config,
        modes=[HypothesisTestMode.EXAMPLES, HypothesisTestMode.COVERAGE, HypothesisTestMode.FUZZING],
        settings=settings(
            max_examples=EXAMPLES,
            derandomize=True,
            database=None,
            deadline=None,
            phases=(Phase.explicit, Phase.generate),
            suppress_health_check=list(HealthCheck),
        ),
    )
