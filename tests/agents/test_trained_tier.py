"""The trained tier: its model belongs to its phrases, hears what no phrase says, and breaks on nothing."""

import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from agents.reasoning.cascade import Taught, hear
from agents.reasoning.evaluation import evaluate, read_phrase
from agents.reasoning.offline import OfflineAnalyst
from agents.reasoning.phrasebook import LANGUAGES
from agents.reasoning.ports import Action, Intent, Line, Question, Route, Tier, Voice
from agents.reasoning.text import normalise, normalise_phrase
from agents.reasoning.trained import MODEL_FILE, StaleModel, load, read_trained, shipped_model
from agents.reasoning.trained_layer import fit_layer, restore_layer, store_layer
from agents.reasoning.trained_overlap import without_overlap
from agents.reasoning.trained_phrases import TRAPS, Phrase, held_out_phrases, training_phrases, write_out
from agents.reasoning.trained_validation import cross_score
from agents.reasoning.wording import say

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
STRANGE = Path(__file__).parent / "strange"


@pytest.fixture(scope="module")
def figures() -> dict[str, object]:
    return evaluate(now=NOON)


def share(figures: dict[str, object], part: str, wish: str, language: str) -> tuple[float, float]:
    rows = figures[part]
    assert isinstance(rows, list)
    row = next(row for row in rows if (row["kind"], row["language"]) == (wish, language))
    return row["precision"], row["recall"]


def test_the_model_that_is_shipped_belongs_to_the_phrases_beside_it() -> None:
    assert load().digest  # StaleModel otherwise: run `manage.py train_analyst`


# A little below what docs/quality.md says: a language has some 50 phrases of each kind, and one misread costs 0.02.
@pytest.mark.parametrize(
    ("language", "least"), [("all", 0.92), ("en", 0.92), *((code, 0.85) for code in LANGUAGES[1:])]
)
@pytest.mark.parametrize("wish", ["human_request", "opt_out"])
def test_wishes_that_nobody_trained_it_on_are_heard_and_only_they(
    figures: dict[str, object], wish: str, language: str, least: float
) -> None:
    assert min(share(figures, "wishes", wish, language)) >= least


@pytest.mark.parametrize(("language", "least"), [("all", 0.85), ("en", 0.88)])
@pytest.mark.parametrize("wish", ["human_request", "opt_out"])
def test_so_are_most_that_were_sought_out_to_be_misread(
    figures: dict[str, object], wish: str, language: str, least: float
) -> None:
    assert min(share(figures, "hard_wishes", wish, language)) >= least


@pytest.mark.parametrize(
    "text", ["", "...", "com", "😀", "12345", "Mail: davi@prado.com", "asdf jkl", "Привет", "你好"]
)
def test_what_it_knows_nothing_about_is_no_wish(text: str) -> None:
    explicit = hear(text).explicit
    assert not (explicit.wants_human or explicit.opt_out)


def test_it_knows_what_most_messages_are_about(figures: dict[str, object]) -> None:
    assert isinstance(figures["intent_accuracy"], float)
    assert figures["intent_accuracy"] >= 0.77
    assert isinstance(figures["language_accuracy"], float)
    assert figures["language_accuracy"] >= 0.98


def phrases(*texts: str, language: str = "en") -> list[Phrase]:
    return [Phrase(text, Intent.OPT_OUT, language) for text in texts]


def test_what_is_too_near_to_a_phrase_that_it_is_measured_with_is_not_trained_on() -> None:
    measured_with = phrases("Please, take my number off your list!", "stop writing") + phrases("basta", language="it")
    ours = phrases("please take my number off your lists", "take me off", "STOP WRITING!!", "basta", "")
    assert [phrase.text for phrase in without_overlap(ours, measured_with)] == ["take me off", "basta", ""]
    assert without_overlap(ours, []) == ours


def test_little_of_what_there_is_to_learn_from_is_lost_to_that() -> None:
    learnt = without_overlap(training_phrases(), held_out_phrases())
    assert 0.99 < len(learnt) / len(training_phrases()) < 1
    said = {(phrase.language, normalise_phrase(phrase.text)) for phrase in learnt}
    assert not [phrase for phrase in held_out_phrases() if (phrase.language, normalise_phrase(phrase.text)) in said]


def test_cross_validation_judges_a_line_by_a_model_that_has_not_seen_it() -> None:
    learnable = [Phrase(f"{word} remove my number", Intent.OPT_OUT, "en", word) for word in "abcdefgh"]
    others = [Phrase(f"{word} price of shoes", Intent.PRICING, "en", f"{word} price") for word in "abcdefgh"]
    odd = Phrase("zzz qqq", Intent.OPT_OUT, "en", "odd")
    scores = cross_score([*learnable, *others, odd], folds=3)
    opt_out = next(score for score in scores if (score.kind, score.threshold) == (Intent.OPT_OUT, 0.5))
    assert opt_out.precision == 1
    assert opt_out.recall == round(8 / 9, 3)  # the odd one is never seen by the model that reads it


def test_every_intent_has_phrases_in_english_and_every_wish_in_every_language() -> None:
    kinds = {(phrase.language, phrase.kind) for phrase in training_phrases()}
    assert {intent for intent in Intent if ("en", intent) not in kinds} == set()
    wishes = [Intent.HUMAN_REQUEST, Intent.OPT_OUT, *TRAPS]
    assert {(code, wish) for code in LANGUAGES for wish in wishes} <= kinds


def test_a_line_with_slots_stands_for_different_messages_always_the_same() -> None:
    line = "(call|ring) me [please] <day>"
    found = write_out(line, {"day": ["today", "tomorrow"]})
    assert len(found) == len(set(found)) == 8
    assert {"call me today", "ring me please tomorrow"} <= set(found)
    assert write_out(line, {"day": ["today", "tomorrow"]}) == found


@pytest.mark.parametrize("line", ["(call me", "call me]", "call <nobody>"])
def test_a_line_with_a_slip_is_refused(line: str) -> None:
    with pytest.raises((ValueError, KeyError)):
        write_out(line, {})


def test_a_model_of_other_phrases_is_refused(tmp_path: Path) -> None:
    stored = dict(np.load(MODEL_FILE))
    np.savez(tmp_path / "old.npz", **{**stored, "digest": np.array("other")})
    with pytest.raises(StaleModel, match="train_analyst"):
        load(tmp_path / "old.npz")


def test_the_tier_that_decided_and_what_it_cost_are_told() -> None:
    assert hear("STOP").explicit.tier is Tier.EXACT
    assert hear("I want to talk to a human").explicit.tier is Tier.RULES
    trained = hear("this is going nowhere, could a colleague of yours phone me instead").explicit
    assert (trained.tier, trained.wants_human) == (Tier.TRAINED, True)
    assert 0.5 < trained.chance <= 1
    assert trained.seconds > 0


@pytest.mark.parametrize(
    ("text", "route"),
    [
        ("I want to talk to a human", Route.HUMAN),
        ("STOP", Route.AUTOMATED),
        ("tell me when the blue one is back in stock", Route.STOCK_ALERT),
        ("is the blue one waterproof?", Route.AGENT),
    ],
)
def test_a_message_goes_where_its_intent_leads(text: str, route: Route) -> None:
    assert read_phrase(Phrase(text, "", "en"), NOON).route is route


def asked(key: str, language: str = "en") -> tuple[Line, ...]:
    return (Line(Voice.AGENT, say(key, language=language), NOON),)


def test_what_is_only_likely_is_asked_back_and_a_yes_is_the_wish() -> None:
    assert not hear("do not text me at night").explicit.opt_out  # which holds "do not text me"
    heard = hear("yes please", history=asked("offer_person"))
    assert (heard.explicit.wants_human, heard.explicit.tier) == (True, Tier.RULES)
    assert hear("sí, claro", history=asked("offer_opt_out")).explicit.opt_out
    assert not hear("yes please", history=asked("greeting")).explicit.wants_human
    assert not hear("no", history=asked("offer_person")).explicit.wants_human


@pytest.mark.parametrize(
    ("language", "yes"),
    [
        ("en", "Yes please"), ("es", "sí"), ("pt", "sim"), ("fr", "oui"), ("de", "Ja"), ("it", "sì"),
        ("hi", "हाँ"), ("id", "iya"), ("ar", "نعم"),
    ],
)  # fmt: skip
def test_every_language_asks_back_and_knows_its_yes(language: str, yes: str) -> None:
    assert hear(yes, history=asked("offer_person", language)).explicit.wants_human
    assert hear(yes, history=asked("offer_opt_out", language)).explicit.opt_out


def test_a_likely_wish_for_a_person_gets_a_question_rather_than_silence() -> None:
    from dataclasses import replace

    heard = hear("hello")
    unsure = replace(heard, explicit=replace(heard.explicit, perhaps=Intent.HUMAN_REQUEST))
    strategy = OfflineAnalyst().analyse(Question(text="hello", now=NOON, heard=unsure)).strategy
    assert strategy.action is Action.ASK
    assert strategy.reply == say("offer_person", language="en")


def test_a_lesson_about_these_very_words_outweighs_every_tier() -> None:
    assert hear("agent", taught=Taught(lesson=Intent.PRODUCT_INQUIRY)).explicit.wants_human is False
    assert hear("blue tuesday", taught=Taught(lesson=Intent.HUMAN_REQUEST)).explicit.wants_human is True


def test_a_layer_teaches_words_like_those_corrected_and_leaves_the_rest_alone() -> None:
    model = shipped_model()
    assert model is not None
    lessons = [("put me on to the quokka desk", Intent.HUMAN_REQUEST), ("is the quokka in stock", Intent.STOCK_ALERT)]
    layer = restore_layer(store_layer(fit_layer(model, lessons)))

    def chance(text: str, with_layer: bool) -> float:
        read = read_trained(model, normalise(text)[-1], layer if with_layer else None)
        return read.wishes[Intent.HUMAN_REQUEST]

    assert chance("put me on to the quokka desk", True) > max(0.5, chance("put me on to the quokka desk", False) - 1e-6)
    assert chance("please put me on to your quokka desk", True) >= chance("please put me on to your quokka desk", False)
    for text in ("how much is the bike", "where is my parcel", "thanks"):
        assert abs(chance(text, True) - chance(text, False)) < 0.1


def strange_texts() -> list[str]:
    found = [
        "", " ", "\x00", "\ud800", "🙂" * 500, "?" * 30_000, "a" * 30_000, "word " * 6000, "\u202e" * 200,
        "data:image/png;base64," + "iVBORw0KGgoAAAANSUhEUgAA" * 900, "[inaudible] uh um the the [crosstalk] " * 300,
        "Hola, I want नमस्ते مرحبا sprechen per favore", "ﷺ" * 300, "1" * 30_000, "\n" * 30_000, ".,!?" * 3000,
    ]  # fmt: skip
    for path in sorted(STRANGE.glob("*.jsonl")):
        for line in path.read_text("utf-8").strip().split("\n"):
            found.extend(value for value in json.loads(line).values() if isinstance(value, str))
    return found


def test_no_text_is_too_strange_to_be_read() -> None:
    for text in strange_texts():
        analysis = OfflineAnalyst().analyse(Question(text=text, now=NOON))
        assert -1 <= analysis.reading.sentiment <= 1
        assert 0 <= analysis.reading.confidence <= 1


def test_a_wish_in_the_middle_of_a_long_letter_is_heard() -> None:
    letter = "I bought a bike from you in spring. It is red. I like it. "
    assert hear(letter + "Would you please have one of your technicians call me? " + letter).explicit.wants_human
