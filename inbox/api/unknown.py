from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import NotFound
from rest_framework.request import Request

from .base import ApiView


@extend_schema(exclude=True)
class UnknownAddress(ApiView):
    """Whatever else is asked for under the API answers in the API's own shape."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        raise NotFound("There is no such address. Addresses of the API end with a slash.")
