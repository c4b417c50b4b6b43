"""The intent analyst of the offline tier: a reading by phrases alone."""

from __future__ import annotations

from agents.reasoning.explicit import Explicit, read_explicit
from agents.reasoning.language import detect_language
from agents.reasoning.mood import read_sentiment, read_urgency
from agents.reasoning.phrasebook import LANGUAGES, search_topic
from agents.reasoning.ports import Intent, Level, Question, Reading, Tier, Voice
from agents.reasoning.text import Text, fold, normalise

SUMMARY_LENGTH = 200
_VERY_NEGATIVE = -0.6
_LONGEST_COURTESY = 4
# The first that is found is what the message is about: "Hi, my order is damaged, I want my money back" is a complaint.
_ORDER = (
    ("abuse", Intent.ABUSE),
    ("bot_challenge", Intent.BOT_CHALLENGE),
    ("complaint", Intent.COMPLAINT),
    ("refund", Intent.REFUND),
    ("cancellation", Intent.CANCELLATION),
    ("purchase_intent", Intent.PURCHASE_INTENT),
    ("support", Intent.SUPPORT),
    ("pricing", Intent.PRICING),
    ("booking", Intent.BOOKING),
    ("product_inquiry", Intent.PRODUCT_INQUIRY),
)
_CHATTER = (("greeting", Intent.GREETING), ("thanks", Intent.SMALL_TALK), ("small_talk", Intent.SMALL_TALK))
_CHATTING = frozenset({Intent.GREETING, Intent.SMALL_TALK})
_PRIORITY = {
    Intent.COMPLAINT: Level.HIGH,
    Intent.PURCHASE_INTENT: Level.HIGH,
    Intent.HUMAN_REQUEST: Level.HIGH,
    Intent.GREETING: Level.LOW,
    Intent.SMALL_TALK: Level.LOW,
    Intent.OPT_OUT: Level.LOW,
    Intent.OPT_IN: Level.LOW,
}
_CONFIDENCE = {Intent.UNCLEAR: 0.2, Intent.PRODUCT_INQUIRY: 0.5, Intent.GREETING: 0.9, Intent.SMALL_TALK: 0.8}
_USUAL_CONFIDENCE = 0.7


def read_by_rules(question: Question) -> Reading:
    explicit = read_explicit(question.text)
    language = choose_language(question, explicit)
    intent = _intent(question.text, explicit, _languages_to_try(question, language))
    sentiment = read_sentiment(question.text, language)
    urgency = read_urgency(question.text, language)
    return Reading(
        intent=intent,
        wants_human=explicit.wants_human,
        opt_out=explicit.opt_out,
        opt_in=explicit.opt_in,
        priority=_priority(intent, sentiment, urgency, question.is_vip),
        sentiment=sentiment,
        urgency=urgency,
        language=language,
        confidence=_confidence(intent),
        summary=summarise(question.text),
        tier=Tier.OFFLINE,
    )


def choose_language(question: Question, explicit: Explicit | None = None) -> str:
    """Of this message, else of the phrase that was matched, else what the customer used before, else English."""
    before = base_language(question.language)
    return (
        detect_language(question.text, likely=before)
        or (explicit.language if explicit else None)
        or before
        or _language_of_history(question)
        or "en"
    )


def base_language(code: str | None) -> str | None:
    """ "pt-BR" is "pt"."""
    return code.replace("_", "-").split("-")[0].lower() if code else None


def summarise(text: str) -> str:
    words = " ".join(text.split())
    return words if len(words) <= SUMMARY_LENGTH else f"{words[: SUMMARY_LENGTH - 1]}…"


def greets(text: str, language: str) -> bool:
    return _mentions("greeting", normalise(text), (language, "en"))


def gives_thanks(text: str, language: str) -> bool:
    return _mentions("thanks", normalise(text), (language, "en"))


def _language_of_history(question: Question) -> str | None:
    said = "\n".join(line.body for line in question.history if line.voice == Voice.CUSTOMER)
    return detect_language(said) if said else None


def _languages_to_try(question: Question, language: str) -> tuple[str, ...]:
    """The language of the message and English, which is mixed in everywhere; all of them when nothing told which."""
    known = language in LANGUAGES and bool(question.language or detect_language(question.text))
    return (language, "en") if known else LANGUAGES


def _intent(text: str, explicit: Explicit, languages: tuple[str, ...]) -> Intent:
    if explicit.opt_out:
        return Intent.OPT_OUT
    if explicit.wants_human:
        return Intent.HUMAN_REQUEST
    if explicit.opt_in:
        return Intent.OPT_IN
    spellings = normalise(text)
    for kind, intent in (*_ORDER, *_CHATTER):
        if _mentions(kind, spellings, languages):
            return Intent.PRODUCT_INQUIRY if intent in _CHATTING and _asks(spellings[-1], text) else intent
    if not any(letter.isalnum() for letter in text):
        return Intent.SMALL_TALK  # a thumb up, a heart
    return Intent.PRODUCT_INQUIRY if "?" in fold(text) or "؟" in text else Intent.UNCLEAR


def _mentions(kind: str, spellings: tuple[Text, ...], languages: tuple[str, ...]) -> bool:
    return any(search_topic(kind, spelling.padded, languages) for spelling in spellings)


def _asks(spelling: Text, text: str) -> bool:
    """Whether a greeting goes on to ask something: "Hi, parking?" but not "Hi, how are you?"."""
    return len(spelling.words) > _LONGEST_COURTESY and any(sign in text for sign in "?؟？")


def _priority(intent: Intent, sentiment: float, urgency: Level, is_vip: bool) -> Level:
    if is_vip or urgency is Level.HIGH or sentiment <= _VERY_NEGATIVE:
        return Level.HIGH
    return _PRIORITY.get(intent, Level.MEDIUM)


def _confidence(intent: Intent) -> float:
    if intent in (Intent.OPT_OUT, Intent.HUMAN_REQUEST, Intent.OPT_IN):
        return 1.0
    return _CONFIDENCE.get(intent, _USUAL_CONFIDENCE)
