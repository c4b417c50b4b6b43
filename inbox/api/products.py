from django.shortcuts import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response

from crm.access import require
from crm.models import Product, StockAlert
from crm.services.catalogue import import_products, products_with_waiting, set_stock
from project.kernel import clock

from .base import WorkspaceView
from .knowledge_serializers import (
    ImportedSerializer,
    ProductSerializer,
    StockAlertSerializer,
    StockSerializer,
    TableSerializer,
)
from .pagination import NewestAlerts, ProductsByName
from .schema import documented


class ProductList(WorkspaceView):
    pagination_class = ProductsByName

    @documented("products", ProductSerializer(many=True))
    def get(self, request: Request) -> Response:
        """The catalogue, each product with how many leads wait for it."""
        return self.page(products_with_waiting(), ProductSerializer)


class ImportProducts(WorkspaceView):
    @documented("products", ImportedSerializer, takes=TableSerializer)
    def post(self, request: Request) -> Response:
        """Create or change products by SKU from a CSV table: all of its rows, or none and every reason why."""
        require(request.user, self.workspace, "configure")
        table = self.checked(TableSerializer(data=request.data))["table"]
        imported = import_products(workspace=self.workspace, table=table.encode(), now=clock.now())
        return Response(ImportedSerializer(imported).data)


class ProductStock(WorkspaceView):
    @documented("products", ProductSerializer, takes=StockSerializer)
    def patch(self, request: Request, product_id: int) -> Response:
        """Say how many there are."""
        require(request.user, self.workspace, self.needed_action)
        product = get_object_or_404(Product.objects, pk=product_id)
        stock = self.checked(StockSerializer(data=request.data))["stock"]
        set_stock(product=product, stock=stock, now=clock.now())
        return Response(ProductSerializer(products_with_waiting().get(pk=product.pk)).data)


class StockAlertList(WorkspaceView):
    pagination_class = NewestAlerts

    @documented("products", StockAlertSerializer(many=True))
    def get(self, request: Request) -> Response:
        """Who waits, or waited, for what to come back, the newest first."""
        return self.page(StockAlert.objects.select_related("lead", "product"), StockAlertSerializer)
