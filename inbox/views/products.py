"""The catalogue, and who waits for what to come back."""

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST

from crm.models import Product, StockAlert
from crm.models.catalogue import StockAlertState
from crm.services.catalogue import (
    COLUMNS,
    MOST_BYTES,
    Imported,
    import_products,
    products_with_waiting,
    set_stock,
    withdraw_stock_alert,
)
from inbox.desk import DeskRequest, at_desk
from project.kernel import clock
from project.kernel.errors import WrongValues

SHOWN = 200


class TableForm(forms.Form):
    table = forms.FileField(
        label="Table (CSV)",
        help_text=f"Its first line names the columns: {', '.join(COLUMNS)}. Known SKUs are changed.",
    )


class StockForm(forms.Form):
    stock = forms.IntegerField(min_value=0, max_value=2**31 - 1, required=False)


@require_GET
@at_desk()
def products(request: DeskRequest) -> HttpResponse:
    return _page(request, TableForm())


@require_POST
@at_desk("configure")
def import_table(request: DeskRequest) -> HttpResponse:
    form = TableForm(request.POST, request.FILES)
    if form.is_valid():
        upload = form.cleaned_data["table"]
        try:
            table = upload.read(MOST_BYTES + 1)
            imported = import_products(workspace=request.desk.workspace, table=table, now=clock.now())
        except WrongValues as wrong:
            for name, why in wrong.problems.items():
                form.add_error("table", f"{name}: {why}")
        else:
            messages.success(request, told(imported))
            return redirect("inbox:products", request.desk.workspace.slug)
    return _page(request, form)


def told(imported: Imported) -> str:
    return f"{imported.created} new, {imported.updated} changed, {imported.unchanged} as before."


@require_POST
@at_desk("reply")
def stock(request: DeskRequest, product_id: int) -> HttpResponse:
    product = get_object_or_404(Product.objects, pk=product_id)
    form = StockForm(request.POST)
    if form.is_valid():
        set_stock(product=product, stock=form.cleaned_data["stock"], now=clock.now())
        messages.success(request, f"The stock of {product.name} is noted.")
    else:
        messages.error(request, f"{product.name}: the stock must be a whole number, or empty where nobody counts it.")
    return redirect("inbox:products", request.desk.workspace.slug)


@require_GET
@at_desk()
def waiting(request: DeskRequest, product_id: int) -> HttpResponse:
    """Who waits for it, the one who has waited longest first."""
    product = get_object_or_404(Product.objects.defer("search"), pk=product_id)
    alerts = StockAlert.objects.filter(product=product, state=StockAlertState.WAITING)
    rows = alerts.select_related("lead__conversation").order_by("requested_at", "id")[:SHOWN]
    return render(request, "inbox/waiting_for.html", {"section": "products", "product": product, "alerts": rows})


@require_POST
@at_desk("reply")
def withdraw(request: DeskRequest, product_id: int, alert_id: int) -> HttpResponse:
    alert = get_object_or_404(StockAlert.objects.select_related("lead", "product"), pk=alert_id, product=product_id)
    withdraw_stock_alert(alert=alert, user=request.desk.user, now=clock.now())
    return redirect("inbox:waiting_for", request.desk.workspace.slug, product_id)


def _page(request: DeskRequest, form: TableForm) -> HttpResponse:
    rows = products_with_waiting().order_by("-waiting", "name", "id")
    context = {"section": "products", "products": rows[:SHOWN], "total": rows.count(), "form": form}
    return render(request, "inbox/products.html", context, status=422 if form.errors else 200)
