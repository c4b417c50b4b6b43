"""Products: entered, imported from a table, in or out of stock; and the leads who wait for one to come back."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Count, Q, QuerySet

from crm.models import Lead, Product, StockAlert, User, Workspace
from crm.models.catalogue import StockAlertState
from project.kernel.errors import WrongValues, problems_of

from .trail import record_decision

COLUMNS = ("sku", "name", "description", "price", "currency", "stock", "url")
MOST_ROWS = 10_000
MOST_BYTES = 4 * 1024 * 1024
MOST_PROBLEMS = 20
_ALIASES = {"article": "sku", "code": "sku", "id": "sku", "product": "name", "title": "name", "quantity": "stock"}
_NUMBER = re.compile(r"[^\d.,-]")


@dataclass(frozen=True, slots=True)
class Imported:
    created: int
    updated: int
    unchanged: int


def import_products(*, workspace: Workspace, table: bytes, now: datetime) -> Imported:
    """Create or change products by their SKU, all of the rows or none. Raises WrongValues, by line."""
    rows = _rows(table)
    problems: dict[str, str] = {}
    products: dict[str, Product] = {}
    for line, row in rows:
        try:
            product = _product_of(workspace, row, now)
            if product.sku in products:
                raise WrongValues({"sku": f"“{product.sku}” stands in an earlier line too"})
            products[product.sku] = product
        except (ValidationError, WrongValues) as error:
            told = problems_of(error) or {}
            problems[f"line {line}"] = "; ".join(f"{name}: {why}" for name, why in told.items())
    if problems:
        raise WrongValues(dict(list(problems.items())[:MOST_PROBLEMS]))
    return _store(workspace, products)


@transaction.atomic
def _store(workspace: Workspace, products: Mapping[str, Product]) -> Imported:
    known = {product.sku: product for product in Product.objects.filter(workspace=workspace, sku__in=products)}
    fresh = [product for sku, product in products.items() if sku not in known]
    changed = []
    for sku, old in known.items():
        new = products[sku]
        if any(getattr(old, name) != getattr(new, name) for name in COLUMNS) or not old.is_active:
            new.pk, new.is_active = old.pk, True
            changed.append(new)
    Product.objects.bulk_create(fresh, batch_size=500)
    Product.objects.bulk_update(changed, [*COLUMNS, "is_active", "updated_at"], batch_size=500)
    return Imported(len(fresh), len(changed), len(known) - len(changed))


def _rows(table: bytes) -> list[tuple[int, dict[str, str]]]:
    """Each row with its line, by the names of its columns."""
    if len(table) > MOST_BYTES:
        raise WrongValues({"table": f"it is larger than {MOST_BYTES // 1024 // 1024} MB"})
    text = _decoded(table)
    if "\x00" in text:
        raise WrongValues({"table": "it is not a text file"})
    first = text.lstrip().split("\n", 1)[0]
    reader = csv.reader(io.StringIO(text), delimiter=max(",;\t", key=first.count), strict=True)
    try:
        read = [(reader.line_num, row) for row in reader if any(cell.strip() for cell in row)]
    except csv.Error as error:
        raise WrongValues({"table": f"it is not a CSV file: {error}"}) from error
    if len(read) - 1 > MOST_ROWS:
        raise WrongValues({"table": f"it has more than {MOST_ROWS} rows"})
    if not read:
        raise WrongValues({"table": "it is empty; the first line names the columns: " + ", ".join(COLUMNS)})
    names = [_column(name) for name in read[0][1]]
    if missing := {"sku", "name"} - set(names):
        raise WrongValues({"table": f"its first line names no column {' and no column '.join(sorted(missing))}"})
    return [(line, dict(zip(names, (cell.strip() for cell in row), strict=False))) for line, row in read[1:]]


def _decoded(table: bytes) -> str:
    try:
        return table.decode("utf-8-sig")
    except UnicodeDecodeError:
        return table.decode("cp1252", "replace")  # what spreadsheets write


def _column(name: str) -> str:
    plain = name.strip().lower()
    return _ALIASES.get(plain, plain)


def _product_of(workspace: Workspace, row: Mapping[str, str], now: datetime) -> Product:
    product = Product(
        workspace=workspace,
        sku=row.get("sku", ""),
        name=row.get("name", ""),
        description=row.get("description", ""),
        price=parse_price(row.get("price", "")),
        currency=row.get("currency", "").upper(),
        stock=_whole(row.get("stock", "")),
        url=row.get("url", ""),
        updated_at=now,
    )
    check_product(product)
    return product


def check_product(product: Product) -> None:
    """Raises ValidationError, naming each wrong value."""
    product.full_clean(validate_unique=False, validate_constraints=False, exclude=["workspace", "search"])
    problems = {}
    if product.price is not None and product.price < 0:
        problems["price"] = "it is below zero"
    if product.price is not None and not re.fullmatch(r"[A-Z]{3}", product.currency):
        problems["currency"] = "a price needs its currency, three letters such as EUR"
    if product.stock is not None and product.stock < 0:
        problems["stock"] = "it is below zero"
    if problems:
        raise ValidationError(problems)


def parse_price(text: str) -> Decimal | None:
    """ "1.234,50", "1,234.50", "€ 12" as a number; the last of two different signs is the decimal one."""
    bare = _NUMBER.sub("", text)
    if not bare:
        if text.strip():
            raise WrongValues({"price": f"“{text[:40]}” is not a price"})
        return None
    decimal = max(bare.rfind(","), bare.rfind("."))
    if decimal >= 0 and len(bare) - decimal - 1 != 3:
        bare = bare[:decimal].replace(",", "").replace(".", "") + "." + bare[decimal + 1 :]
    else:
        bare = bare.replace(",", "").replace(".", "")
    try:
        return Decimal(bare).quantize(Decimal("0.01"))
    except InvalidOperation as error:
        raise WrongValues({"price": f"“{text[:40]}” is not a price"}) from error


def _whole(text: str) -> int | None:
    if not text:
        return None
    try:
        return int(text)
    except ValueError:
        raise WrongValues({"stock": f"“{text[:40]}” is not a whole number"}) from None


@transaction.atomic
def set_stock(*, product: Product, stock: int | None, now: datetime) -> None:
    Product.objects.filter(pk=product.pk).update(stock=stock, updated_at=now)
    product.stock = stock


@transaction.atomic
def request_stock_alert(*, lead: Lead, product: Product, context: str, now: datetime) -> tuple[StockAlert, bool]:
    """The lead is told when the product is back; asking twice changes nothing (False)."""
    alert, is_new = StockAlert.objects.get_or_create(
        workspace_id=lead.workspace_id,
        lead=lead,
        product=product,
        state=StockAlertState.WAITING,
        defaults={"context": context[:500], "requested_at": now},
    )
    if is_new:
        record_decision(
            lead=lead,
            actor="primary",
            kind="stock_alert.requested",
            reason=f"Wants to hear when {product.name} is back in stock.",
            now=now,
            stock_alert=alert.pk,
            product=product.pk,
        )
    return alert, is_new


@transaction.atomic
def withdraw_stock_alert(*, alert: StockAlert, user: User, now: datetime) -> None:
    """The lead no longer waits for it."""
    mine = StockAlert.objects.filter(pk=alert.pk, state=StockAlertState.WAITING)
    if mine.update(state=StockAlertState.WITHDRAWN, ended_at=now):
        record_decision(
            lead=alert.lead,
            actor=str(user),
            kind="stock_alert.withdrawn",
            reason=f"{user} took the alert for {alert.product.name} off the list.",
            now=now,
            stock_alert=alert.pk,
        )


def products_with_waiting() -> QuerySet[Any]:
    """Each product with the number of leads who wait for it."""
    waiting = Count("alerts", filter=Q(alerts__state=StockAlertState.WAITING))
    return Product.objects.defer("search").annotate(waiting=waiting).order_by("name", "id")


def products_of(workspace_id: int, ids: Iterable[int]) -> list[Product]:
    """In the order of their ids given."""
    found = Product.objects.defer("search").filter(workspace_id=workspace_id).in_bulk(list(ids))
    return [found[id] for id in ids if id in found]
