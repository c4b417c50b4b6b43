"""The offline analyst: always there, quick, honest, and it never invents."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from agents.reasoning.offline import BEYOND_KNOWLEDGE, OfflineAnalyst
from agents.reasoning.phrasebook import LANGUAGES, book
from agents.reasoning.ports import Action, Analysis, Intent, Level, Line, Question, Source, Tier, Voice
from agents.reasoning.wording import SPOKEN, say

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
HOURS = Source(7, "What are your opening hours?", "We are open 9 to 5.", 1.0)


def analyse(text: str, **known: Any) -> Analysis:
    question = Question(text=text, now=NOON, lead_name="Davi Souza", workspace_name="Acme", **known)
    return OfflineAnalyst().analyse(question)


def said(*bodies: str, voice: str = Voice.AGENT) -> tuple[Line, ...]:
    return tuple(Line(voice, body, NOON - timedelta(minutes=5)) for body in bodies)


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("Hi!", Intent.GREETING),
        ("Oi, tudo bem?", Intent.GREETING),
        ("Hi, do you have parking?", Intent.PRODUCT_INQUIRY),
        ("How much does it cost?", Intent.PRICING),
        ("¿Cuánto cuesta?", Intent.PRICING),
        ("quanto custa o plano?", Intent.PRICING),
        ("I'd like to buy three of them", Intent.PURCHASE_INTENT),
        ("quero comprar 3 unidades", Intent.PURCHASE_INTENT),
        ("Can I book a demo?", Intent.BOOKING),
        ("I can't log in", Intent.SUPPORT),
        ("This is terrible, my order never arrived", Intent.COMPLAINT),
        ("Ich möchte mein Abo kündigen", Intent.CANCELLATION),
        ("je voudrais annuler ma commande", Intent.CANCELLATION),
        ("I want my money back", Intent.REFUND),
        ("are you a bot?", Intent.BOT_CHALLENGE),
        ("thanks!", Intent.SMALL_TALK),
        ("no problem", Intent.SMALL_TALK),
        ("👍", Intent.SMALL_TALK),
        ("you idiot", Intent.ABUSE),
        ("STOP", Intent.OPT_OUT),
        ("I want a human", Intent.HUMAN_REQUEST),
        ("qwe rty uio", Intent.UNCLEAR),
    ],
)
def test_it_reads_what_a_message_is_about(text: str, intent: Intent) -> None:
    reading = analyse(text).reading
    assert reading.intent is intent
    assert reading.tier in (Tier.EXACT, Tier.RULES, Tier.TRAINED)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("How much does it cost?", "en"),
        ("¿cuánto cuesta el plan?", "es"),
        ("quanto custa o plano?", "pt"),
        ("je voudrais un devis", "fr"),
        ("was kostet das?", "de"),
        ("vorrei sapere il prezzo", "it"),
        ("berapa harganya?", "id"),
        ("इसकी कीमत क्या है", "hi"),
        ("كم السعر؟", "ar"),
        ("Здравствуйте", "ru"),
    ],
)
def test_it_tells_the_language(text: str, language: str) -> None:
    assert analyse(text).reading.language == language


def test_a_message_that_tells_nothing_is_in_the_language_used_before() -> None:
    assert analyse("Davi", language="pt-BR").reading.language == "pt"
    assert analyse("42", history=said("quanto custa o plano?", voice=Voice.CUSTOMER)).reading.language == "pt"


@pytest.mark.parametrize("text", ["I am very happy with it", "adorei, muito obrigado!", "excelente servicio", "😍😍"])
def test_delight_is_positive(text: str) -> None:
    assert analyse(text).reading.sentiment > 0.3


@pytest.mark.parametrize(
    "text", ["this is terrible", "not good at all", "péssimo atendimento", "THIS IS USELESS GARBAGE", "😡"]
)
def test_anger_is_negative(text: str) -> None:
    assert analyse(text).reading.sentiment < -0.3


def test_urgency_a_complaint_and_a_vip_have_high_priority() -> None:
    assert analyse("I need this urgently").reading.urgency is Level.HIGH
    assert analyse("I need this urgently").reading.priority is Level.HIGH
    assert analyse("no rush, whenever you can").reading.urgency is Level.LOW
    assert analyse("my order arrived damaged").reading.priority is Level.HIGH
    assert analyse("Hi", is_vip=True).reading.priority is Level.HIGH
    assert analyse("Hi").reading.priority is Level.LOW


def test_a_greeting_is_returned_by_name_and_asks_what_is_needed() -> None:
    strategy = analyse("Oi!").strategy
    assert strategy.action is Action.ASK
    assert strategy.reply == "Olá Davi! Boas-vindas à Acme. Como posso ajudar você hoje?"


def test_a_name_that_is_no_name_is_not_said() -> None:
    question = Question(text="Hi", now=NOON, lead_name="🔥x_{name}🔥")
    assert OfflineAnalyst().analyse(question).strategy.reply == (
        "Hi! Welcome to our company. What can I do for you today?"
    )


def test_a_question_is_answered_in_the_words_of_the_knowledge() -> None:
    strategy = analyse("what time do you open?", sources=(HOURS,)).strategy
    assert (strategy.action, strategy.reply, strategy.cited) == (Action.REPLY, HOURS.text, (7,))


def test_a_first_message_that_greets_is_greeted_before_the_answer() -> None:
    assert analyse("Hi, what time do you open?", sources=(HOURS,)).strategy.reply == f"Hi Davi! {HOURS.text}"


def test_what_the_knowledge_does_not_say_is_asked_about_once_and_then_handed_over() -> None:
    first = analyse("do you sell elephants?").strategy
    assert first.action is Action.ASK
    assert first.reply
    second = analyse("grey elephants", history=said(first.reply)).strategy
    assert (second.action, second.reply, second.reason) == (Action.HAND_OVER, None, BEYOND_KNOWLEDGE)


def test_it_asked_before_in_whatever_language_it_was() -> None:
    asked = say("clarify", language="pt")
    assert analyse("grey elephants", history=said(f"Davi: {asked}")).strategy.action is Action.HAND_OVER
    assert analyse("grey elephants", history=said(asked, voice=Voice.CUSTOMER)).strategy.action is Action.ASK


def test_asked_whether_it_is_a_bot_it_says_so() -> None:
    reply = analyse("are you a robot?").strategy.reply
    assert reply
    assert "automated assistant of Acme, not a person" in reply


def test_a_complaint_gets_an_apology_and_a_person_is_told() -> None:
    strategy = analyse("this is unacceptable, my order is damaged", sources=(HOURS,)).strategy
    assert (strategy.action, strategy.escalate) == (Action.REPLY, True)
    assert strategy.reply
    assert "sorry" in strategy.reply


def test_somebody_who_wants_to_buy_is_answered_and_a_person_is_told() -> None:
    assert analyse("I want to buy it").strategy.escalate
    assert analyse("I want to buy it", sources=(HOURS,)).strategy.escalate


def test_money_back_needs_a_person() -> None:
    assert analyse("I want a refund").strategy.action is Action.HAND_OVER


def test_an_opt_out_is_met_with_silence_and_a_wish_for_a_person_with_a_person() -> None:
    assert analyse("STOP").strategy.action is Action.STAY_SILENT
    assert analyse("I want to talk to a human").strategy.action is Action.HAND_OVER


def test_thanks_get_a_short_courtesy() -> None:
    assert analyse("obrigado!", history=said("Olá")).strategy.reply == (
        "Por nada Davi! Se precisar de mais alguma coisa, é só escrever."
    )


def test_every_language_says_the_same_things() -> None:
    from agents.reasoning.wording import _texts

    keys = {language: set(_texts(language)) for language in SPOKEN}
    assert set(LANGUAGES) == set(SPOKEN)
    assert all(found == keys["en"] for found in keys.values())


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_phrase_book_knows_a_request_for_a_person_and_an_opt_out(language: str) -> None:
    assert book(language)["human_request"]
    assert book(language)["opt_out"]
    assert book(language)["not_human_request"]


@pytest.mark.parametrize("text", ["", "\x00", "\ud83d", "a" * 100_000, "{name} {0} %s", "((((((", "🤖" * 500])
def test_strange_texts_are_answered_too(text: str) -> None:
    assert analyse(text).strategy.action in (Action.ASK, Action.REPLY)


def test_an_ordinary_message_takes_a_millisecond_or_two() -> None:
    analyse("warm up")
    texts = ["Hi, what time do you open on Saturday?", "quanto custa o plano?", "my order never arrived", "ok"]
    started = time.process_time()
    for text in texts * 25:
        analyse(text, sources=(HOURS,))
    assert (time.process_time() - started) / 100 < 0.01  # measured: about one millisecond
