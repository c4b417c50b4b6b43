"""The tools that come with Baton. Each answers in English for the agent; what customers read is written elsewhere."""

from __future__ import annotations

from django.db import transaction
from django.utils.formats import number_format
from pydantic import BaseModel, ConfigDict, Field

from agents.knowledge.search import NUMBERED_FROM, search_knowledge, search_products_by_words
from agents.models.tools import Caller
from agents.reasoning.ports import Source
from crm.models import Lead, Product
from crm.services.catalogue import products_of, request_stock_alert
from messaging.services.conversations import lock_conversation

from .ports import Errand, Outcome, Run, ToolFailed, typed_tool
from .registry import appointment_desk, register_tool

ANYBODY = frozenset({Caller.CUSTOMER.value, Caller.STAFF.value, Caller.AGENT.value})


class Inputs(BaseModel):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class Query(Inputs):
    query: str = Field(min_length=1, max_length=500, description="In the customer's own words.")


class ProductName(Inputs):
    product: str = Field(min_length=1, max_length=200, description="The product's name or SKU.")


class Reason(Inputs):
    reason: str = Field(min_length=1, max_length=300, description="Why a person is needed, for the team.")


class Nothing(Inputs):
    pass


def price_of(product: Product) -> str:
    if product.price is None:
        return ""
    return f"{product.currency} {number_format(product.price, 2, use_l10n=False)}"


def describe(product: Product) -> str:
    """All that may be said of it."""
    parts = [f"{product.name} (SKU {product.sku})"]
    if price := price_of(product):
        parts.append(f"price {price}")
    parts.append(stock_in_words(product))
    told = ", ".join(parts) + "."
    return " ".join(part for part in (told, product.description, product.url) if part)


def stock_in_words(product: Product) -> str:
    if product.stock is None:
        return "stock not counted"
    return "out of stock" if product.stock == 0 else f"{product.stock} in stock"


def as_source(product: Product) -> Source:
    number = NUMBERED_FROM["product"] + product.pk
    return Source(number, product.name, describe(product), 1.0, ref=f"product:{product.pk}")


def products_named(errand: Errand, text: str, limit: int = 3) -> list[Product]:
    """By SKU, else by the words of the name."""
    exact = Product.objects.defer("search").filter(
        workspace_id=errand.workspace_id, is_active=True, sku__iexact=text.strip()
    )
    if found := list(exact[:1]):
        return found
    ids = search_products_by_words(
        workspace_id=errand.workspace_id, text=text, language=errand.language or None, limit=limit
    )
    return products_of(errand.workspace_id, ids)


def _search_products(errand: Errand, inputs: Query) -> Outcome:
    products = products_named(errand, inputs.query, limit=5)
    if not products:
        return Outcome("No product matches.", facts={"products": []})
    return Outcome(
        "\n".join(describe(product) for product in products),
        facts={"products": [product.pk for product in products]},
        sources=tuple(as_source(product) for product in products),
    )


def _search_knowledge(errand: Errand, inputs: Query) -> Outcome:
    sources = search_knowledge(
        workspace_id=errand.workspace_id, text=inputs.query, language=errand.language or None, limit=4
    )
    if not sources:
        return Outcome("The knowledge says nothing about it.")
    return Outcome("\n\n".join(f"{source.title}\n{source.text}" for source in sources), sources=sources)


def _check_stock(errand: Errand, inputs: ProductName) -> Outcome:
    products = products_named(errand, inputs.product, limit=1)
    if not products:
        raise ToolFailed(f"there is no product “{inputs.product[:60]}”")
    [product] = products
    told = f"{product.name}: {stock_in_words(product)}."
    return Outcome(told, facts={"product": product.pk, "stock": product.stock}, sources=(as_source(product),))


@transaction.atomic
def _create_stock_alert(errand: Errand, inputs: ProductName) -> Outcome:
    """Under the conversation's lock, as everything that changes a lead."""
    products = products_named(errand, inputs.product, limit=1)
    if not products:
        raise ToolFailed(f"there is no product “{inputs.product[:60]}”")
    [product] = products
    facts = {"product": product.pk, "stock": product.stock}
    if product.stock:
        return Outcome(f"{product.name} is in stock already: no alert is needed.", facts=facts)
    lock_conversation(errand.conversation_id)
    lead = Lead.objects.get(pk=errand.lead_id)
    _, is_new = request_stock_alert(lead=lead, product=product, context=errand.text, now=errand.now)
    told = "is on the list" if is_new else "was on the list before"
    return Outcome(
        f"The customer {told} and will be told when {product.name} is back.",
        facts={**facts, "is_new": is_new},
        sources=(as_source(product),),
    )


def _request_human(errand: Errand, inputs: Reason) -> Outcome:
    return Outcome("A person will be asked for.", hands_over=inputs.reason)


def _book_appointment(errand: Errand, inputs: Nothing) -> Outcome:
    desk = appointment_desk()
    offered = desk(lead_id=errand.lead_id, now=errand.now) if desk else None
    if offered is None or not (offered.url or offered.is_booked_at):
        raise ToolFailed("no calendar is connected")
    if offered.is_booked_at:
        told = f"A call is booked already for {offered.is_booked_at.isoformat()}."
        return Outcome(told, facts={"booked": offered.is_booked_at.isoformat()})
    times = [moment.isoformat() for moment in offered.times]
    free = f"Free times: {', '.join(times)}. " if times else ""
    told = f"{free}The customer chooses one with this link: {offered.url}"
    return Outcome(
        told,
        facts={"url": offered.url, "times": times},
        sources=(Source(NUMBERED_FROM["product"] - 1, "Booking", told, 1.0, ref="booking"),),
    )


_TOOLS: tuple[tuple[str, str, type[Inputs], float, Run], ...] = (
    ("search_products", "Products of the catalogue with price, stock and link.", Query, 2.0, _search_products),
    (
        "search_knowledge",
        "What the company's own documents say about something else than the question at hand.",
        Query,
        2.0,
        _search_knowledge,
    ),
    ("check_stock", "Whether one product is in stock.", ProductName, 2.0, _check_stock),
    (
        "create_stock_alert",
        "Puts the customer on the list of those who are told when a product is back.",
        ProductName,
        3.0,
        _create_stock_alert,
    ),
    ("request_human", "Asks for a person of the team.", Reason, 1.0, _request_human),
    ("book_appointment", "Free times for a call and a link that books one of them.", Nothing, 6.0, _book_appointment),
)


def register() -> None:
    for name, description, inputs, seconds, run in _TOOLS:
        register_tool(
            typed_tool(
                name=name,
                description=description,
                inputs=inputs,
                callers=ANYBODY,
                timeout_seconds=seconds,
                run=run,
            )
        )
