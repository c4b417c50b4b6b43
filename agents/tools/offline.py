"""Which tool is called where no model plans it: plain rules over what the customer wrote and what we last said."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from babel.dates import format_datetime
from babel.numbers import format_currency

from agents.models import ToolCall
from agents.models.tools import CallState
from agents.reasoning.phrasebook import LANGUAGES
from agents.reasoning.ports import Action, Analysis, Intent, Question, Source, Strategy, Voice
from crm.models import Product

from . import words
from .builtin import as_source, products_named
from .calls import call_tool
from .ports import Errand, Outcome

ABOUT_PRODUCTS = frozenset(
    {Intent.PRODUCT_INQUIRY, Intent.PRICING, Intent.PURCHASE_INTENT, Intent.UNCLEAR, Intent.SUPPORT, Intent.BOOKING}
)
LINES_LOOKED_AT = 4
REMEMBERED_PRODUCTS = ("check_stock", "create_stock_alert", "search_products")


@dataclass(frozen=True, slots=True)
class Desk:
    """What the rules see: the question, how it was read, on whose behalf a tool would be called, and the zone in which
    times are told."""

    question: Question
    analysis: Analysis
    errand: Errand
    zone: ZoneInfo

    @property
    def language(self) -> str:
        return self.analysis.reading.language

    @property
    def last_said(self) -> str:
        ours = [line.body for line in self.question.history[-LINES_LOOKED_AT:] if line.voice == Voice.AGENT]
        return ours[-1] if ours else ""


def act_by_rules(desk: Desk) -> tuple[Analysis, tuple[Source, ...]]:
    """The analysis with what a tool found in place of a guess, and the sources that its reply rests on."""
    for rule in (_take_alert, _tell_stock, _book, _tell_product):
        if answered := rule(desk):
            return answered
    return desk.analysis, ()


Answered = tuple[Analysis, tuple[Source, ...]] | None


def _take_alert(desk: Desk) -> Answered:
    """ "Tell me when it is back", or a yes to our own offer to do so."""
    said_yes = words.agrees(desk.question.text, desk.language) and words.is_saying(desk.last_said, "out_of_stock")
    if not said_yes and not words.mentions("alert_wish", desk.question.text, desk.language):
        return None
    product = (None if said_yes else _product_in(desk)) or _product_spoken_of(desk)
    if product is None:
        return None
    outcome = call_tool("create_stock_alert", {"product": product.sku}, desk.errand)
    if not outcome.is_done:
        return None
    key = "alert_not_needed" if product.stock else "alert_set"
    reason = f"{product.name} is in stock again" if product.stock else f"put on the list for {product.name}"
    return _answer(desk, _say(desk, key, product), reason, outcome, product)


def _tell_stock(desk: Desk) -> Answered:
    if desk.analysis.reading.intent not in ABOUT_PRODUCTS:
        return None
    if not words.mentions("stock_question", desk.question.text, desk.language):
        return None
    product = _product_in(desk)
    if product is None:
        return None
    outcome = call_tool("check_stock", {"product": product.sku}, desk.errand)
    if not outcome.is_done:
        return None
    key = {None: "not_counted", 0: "out_of_stock"}.get(product.stock, "in_stock")
    return _answer(desk, _say(desk, key, product), f"looked at the stock of {product.name}", outcome, product)


def _book(desk: Desk) -> Answered:
    if desk.analysis.reading.intent is not Intent.BOOKING or _is_answered_by_knowledge(desk):
        return None
    outcome = call_tool("book_appointment", {}, desk.errand)
    if not outcome.is_done:
        return None
    if booked := outcome.facts.get("booked"):
        text = words.say("booked_already", desk.language, time=_when(str(booked), desk))
    elif outcome.facts["times"]:
        times = "; ".join(_when(each, desk) for each in outcome.facts["times"])
        text = words.say("booking", desk.language, times=times, url=str(outcome.facts["url"]))
    else:
        text = words.say("booking_without_times", desk.language, url=str(outcome.facts["url"]))
    return _answer(desk, text, "wants an appointment: offered times and a link", outcome, None)


def _tell_product(desk: Desk) -> Answered:
    """Only where no entry or passage answers: what a person wrote says more than a row of the catalogue."""
    if desk.analysis.reading.intent not in ABOUT_PRODUCTS or desk.question.sources:
        return None
    product = _product_in(desk)
    if product is None:
        return None
    outcome = call_tool("search_products", {"query": desk.question.text[:500]}, desk.errand)
    if not outcome.is_done:
        return None
    return _answer(desk, _say(desk, "product", product), f"told about {product.name}", outcome, product)


def _is_answered_by_knowledge(desk: Desk) -> bool:
    """ "How do I book a tasting?" may have an answer of its own."""
    best = desk.question.sources[0] if desk.question.sources else None
    return best is not None and best.rank >= 1.0


def _product_in(desk: Desk) -> Product | None:
    found = products_named(desk.errand, desk.question.text, limit=1)
    return found[0] if found else None


def _product_spoken_of(desk: Desk) -> Product | None:
    """ "When is it back?": the product that was last looked at for this customer."""
    calls = ToolCall.objects.filter(
        lead_id=desk.errand.lead_id, tool__in=REMEMBERED_PRODUCTS, state=CallState.DONE
    ).order_by("-id")[:3]
    for call in calls:
        named = str(call.arguments.get("product") or call.arguments.get("query") or "")
        if named and (found := products_named(desk.errand, named, limit=1)):
            return found[0]
    return None


def _say(desk: Desk, key: str, product: Product) -> str:
    price = price_in_words(product, desk.language)
    in_sentence = key in ("in_stock", "alert_not_needed")
    stock = {None: "", 0: "stock_none"}.get(product.stock, "stock_some")
    return words.say(
        key,
        desk.language,
        product=product.name,
        price=(f": {price}" if in_sentence else f"{price}. ") if price else "",
        stock=f"{words.say(stock, desk.language)} " if stock else "",
        description=_first_sentence(product.description),
        link=f" {product.url}" if product.url else "",
    )


def price_in_words(product: Product, language: str) -> str:
    if product.price is None:
        return ""
    locale = language if language in LANGUAGES else "en"
    return format_currency(product.price, product.currency, locale=locale)


def _first_sentence(text: str) -> str:
    return text.strip()[:240]


def _when(moment: str, desk: Desk) -> str:
    locale = desk.language if desk.language in LANGUAGES else "en"
    local = datetime.fromisoformat(moment).astimezone(desk.zone)
    return format_datetime(local, "EEEE d MMMM, HH:mm", locale=locale)


def _answer(desk: Desk, text: str, reason: str, outcome: Outcome, product: Product | None) -> Answered:
    cited = (as_source(product),) if product else ()
    sources: tuple[Source, ...] = (*cited, *outcome.sources)
    strategy = Strategy(
        action=Action.REPLY,
        reply=text,
        reason=reason,
        cited=tuple(source.id for source in cited),
        escalate=desk.analysis.strategy.escalate,
        confidence=desk.analysis.reading.confidence,
    )
    return replace(desk.analysis, strategy=strategy), sources
