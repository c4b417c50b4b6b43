"""The intent analyst of the offline tier: a reading by the cascade, and by phrases where that is not sure."""

from __future__ import annotations

from agents.reasoning.cascade import Heard, hear
from agents.reasoning.explicit import Explicit
from agents.reasoning.language import detect_language, script_of
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
_WISHES = frozenset({Intent.OPT_OUT, Intent.HUMAN_REQUEST, Intent.OPT_IN})
_CHATTING = frozenset({Intent.GREETING, Intent.SMALL_TALK})
_PRIORITY = {
    Intent.COMPLAINT: Level.HIGH,
    Intent.PURCHASE_INTENT: Level.HIGH,
    Intent.HUMAN_REQUEST: Level.HIGH,
    Intent.GREETING: Level.LOW,
    Intent.SMALL_TALK: Level.LOW,
    Intent.OPT_OUT: Level.LOW,
    Intent.OPT_IN: Level.LOW,
    Intent.SPAM: Level.LOW,
    Intent.OUT_OF_SCOPE: Level.LOW,
}
_CONFIDENCE = {Intent.UNCLEAR: 0.2, Intent.PRODUCT_INQUIRY: 0.5, Intent.GREETING: 0.9, Intent.SMALL_TALK: 0.8}
_USUAL_CONFIDENCE = 0.7
SURE_OF_INTENT = 0.3
"""The chance from which the trained tier says what a message is about; below it the phrases do."""
_CLEAR_LEAD = 1.0
"""By how much one language must lead, in log-odds, to be told from the letters."""


def read_offline(question: Question) -> Reading:
    heard = question.heard or hear(question.text, history=question.history)
    explicit = heard.explicit
    language = choose_language(question, heard)
    intent, tier, confidence = _intent(question, heard, language)
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
        confidence=confidence,
        summary=summarise(question.text),
        tier=tier,
    )


def choose_language(question: Question, heard: Heard | None = None) -> str:
    """Of this message, else of the phrase that was matched, else what the customer used before, else English."""
    heard = heard or question.heard
    before = base_language(question.language)
    return (
        script_of(question.text)
        or _told_by_letters(heard, question.text)
        or detect_language(question.text, likely=before)
        or (heard.explicit.language if heard else None)
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


def _told_by_letters(heard: Heard | None, text: str) -> str | None:
    """A single word may be a name."""
    verdict = heard.verdict if heard and len(text.split()) > 1 else None
    return verdict.language if verdict and verdict.language_lead >= _CLEAR_LEAD else None


def _intent(question: Question, heard: Heard, language: str) -> tuple[Intent, Tier, float]:
    """What the message is about, who says so, and how sure they are."""
    wish = _wish_of(heard.explicit)
    if wish:
        return wish, heard.explicit.tier or Tier.RULES, heard.explicit.chance
    if heard.lesson:
        return heard.lesson, Tier.EXACT, 1.0
    verdict = heard.verdict
    if verdict and verdict.intent_chance >= SURE_OF_INTENT and verdict.intent not in _WISHES:
        return verdict.intent, Tier.TRAINED, verdict.intent_chance
    intent = _intent_by_phrases(question.text, _languages_to_try(question, language))
    return intent, Tier.RULES, _CONFIDENCE.get(intent, _USUAL_CONFIDENCE)


def _wish_of(explicit: Explicit) -> Intent | None:
    if explicit.opt_out:
        return Intent.OPT_OUT
    if explicit.wants_human:
        return Intent.HUMAN_REQUEST
    return Intent.OPT_IN if explicit.opt_in else None


def _intent_by_phrases(text: str, languages: tuple[str, ...]) -> Intent:
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
