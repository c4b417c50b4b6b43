"""A model's answer is untrusted text: what no message holds is dropped, and figures are bounded."""

from datetime import date
from uuid import uuid4

from agents.qualification.findings import Finding, Findings, Said
from agents.qualification.model import ExtractionAnswer, FactAnswer, merge_answer

SAID = [
    Said(uuid4(), 1, "Olá, aqui é a Ana da Prado Clínicas"),
    Said(uuid4(), 2, "queremos o plano team, temos uns 5 mil por mês"),
]


def answer(*facts: FactAnswer, **changes: object) -> ExtractionAnswer:
    values: dict[str, object] = {
        "facts": list(facts),
        "engagement_score": 50,
        "intent_score": 50,
        "fit_score": 50,
        "tags": [],
        "notify_human": False,
        "notify_reason": "",
        "follow_up_on": "",
    }
    return ExtractionAnswer.model_validate(values | changes)


def fact(field: str, value: str, message: int = 1, confidence: float = 0.8) -> FactAnswer:
    return FactAnswer(field=field, value=value, message=message, confidence=confidence)


def merged(*facts: FactAnswer, plain: Findings | None = None, **changes: object) -> Findings:
    return merge_answer(answer(*facts, **changes), SAID, plain or Findings())


def values(found: Findings) -> dict[str, str]:
    return {each.field: each.value for each in found.facts}


def test_what_stands_in_a_message_is_taken_with_that_message() -> None:
    [learned] = merged(fact("company", "Prado Clínicas", message=2)).facts
    assert (learned.value, learned.source, learned.message_id) == ("Prado Clínicas", "model", SAID[0].message_id)


def test_an_invention_is_dropped() -> None:
    assert values(merged(fact("company", "Acme Corporation"), fact("email", "ana@prado.com"))) == {}


def test_our_own_words_need_a_message_that_exists() -> None:
    assert values(merged(fact("industry", "healthcare"))) == {"industry": "healthcare"}
    assert values(merged(fact("industry", "healthcare", message=9))) == {}


def test_unknown_fields_and_values_are_dropped() -> None:
    assert values(merged(fact("password", "Ana"), fact("industry", "dark arts"), fact("company", "x" * 500))) == {}


def test_the_plain_words_stand_against_the_model() -> None:
    plain = Findings(facts=(Finding("company", "Prado Clínicas", SAID[0].message_id, "…", 0.8, "offline"),))
    assert values(merged(fact("company", "Ana"), plain=plain)) == {"company": "Prado Clínicas"}


def test_figures_tags_and_dates_are_bounded() -> None:
    found = merged(
        fact("company", "Prado", confidence=7),
        intent_score=900,
        fit_score=-3,
        tags=["<script>alert(1)</script>", "a" * 99, *"bcdefgh"],
        notify_human=True,
        notify_reason="\x00wants\nto buy " + "x" * 500,
        follow_up_on="soon",
    )
    assert found.facts[0].confidence <= 0.85
    assert found.opinion == {"engagement": 50, "intent": 100, "fit": 0}
    assert len(found.tags) <= 5
    assert not any(sign in tag for tag in found.tags for sign in "<>()")
    assert found.notify.startswith("wants to buy")
    assert len(found.notify) <= 160
    assert found.follow_up_on is None
    assert merged(follow_up_on="2026-12-01").follow_up_on == date(2026, 12, 1)
