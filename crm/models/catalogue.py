"""What the company sells, and who waits for it to come back."""

from typing import Any

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector, SearchVectorField
from django.db import models
from django.db.models import Q
from django_scopes import ScopedManager

from crm.accents import without_accents

from .people import Lead
from .workspaces import Workspace


def _search_vector() -> Any:
    name = SearchVector(without_accents("name"), weight="A", config="simple")
    sku = SearchVector(without_accents("sku"), weight="A", config="simple")
    description = SearchVector(without_accents("description"), weight="B", config="simple")
    return name + sku + description


class Product(models.Model):
    """`stock` is the number there is to sell; without a number nobody counts it, and the agents make no claim."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="products")
    sku = models.CharField("SKU", max_length=64)
    name = models.CharField(max_length=200)
    description = models.TextField(blank=True, max_length=4000)
    price = models.DecimalField(max_digits=12, decimal_places=2, null=True, blank=True)
    currency = models.CharField(max_length=3, blank=True, help_text="ISO 4217, such as EUR.")
    stock = models.IntegerField(null=True, blank=True, help_text="Empty: not counted.")
    url = models.URLField(blank=True, max_length=500)
    is_active = models.BooleanField(default=True)
    updated_at = models.DateTimeField()
    search: Any = models.GeneratedField(
        expression=_search_vector(), output_field=SearchVectorField(), db_persist=True, editable=False
    )

    objects = ScopedManager(workspace="workspace")

    class Meta:
        ordering = ["workspace_id", "name", "id"]
        constraints = [
            models.UniqueConstraint(fields=["workspace", "sku"], name="product_once"),
            models.CheckConstraint(condition=Q(price__isnull=True) | Q(price__gte=0), name="product_price_positive"),
            models.CheckConstraint(
                condition=Q(price__isnull=True) | ~Q(currency=""), name="product_price_has_currency"
            ),
            models.CheckConstraint(condition=Q(stock__isnull=True) | Q(stock__gte=0), name="product_stock_positive"),
        ]
        # read by: the agents' search for products
        indexes = [GinIndex(fields=["search"], name="product_search", condition=Q(is_active=True))]

    def __str__(self) -> str:
        return self.name

    @property
    def is_out_of_stock(self) -> bool:
        return self.stock == 0


class StockAlertState(models.TextChoices):
    """waiting -> told | withdrawn."""

    WAITING = "waiting"
    TOLD = "told"
    WITHDRAWN = "withdrawn"


class StockAlert(models.Model):
    """A lead who wants to hear when a product is back. `context` is what they wrote."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE)
    lead = models.ForeignKey(Lead, on_delete=models.CASCADE, related_name="stock_alerts")
    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="alerts")
    state = models.CharField(max_length=16, choices=StockAlertState.choices, default=StockAlertState.WAITING)
    context = models.TextField(blank=True, max_length=500)
    requested_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = ScopedManager(workspace="workspace")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "lead", "product"], condition=Q(state="waiting"), name="stock_alert_one_open"
            ),
            models.CheckConstraint(
                condition=Q(state="waiting", ended_at__isnull=True) | (~Q(state="waiting") & Q(ended_at__isnull=False)),
                name="stock_alert_ended_has_time",
            ),
        ]
        indexes = [
            # read by: the queue of those who wait for a product
            models.Index(fields=["product", "requested_at"], condition=Q(state="waiting"), name="stock_alert_waiting")
        ]

    def __str__(self) -> str:
        return f"{self.lead} waits for {self.product}"
