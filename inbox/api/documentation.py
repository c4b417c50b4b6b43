from typing import Any

from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularSwaggerSplitView
from rest_framework.request import Request
from rest_framework.response import Response


class Documentation(SpectacularSwaggerSplitView):
    """The API's pages for people. Its script comes from its own address, so that only styles stand in the page."""

    @extend_schema(exclude=True)
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        response = super().get(request, *args, **kwargs)
        response.csp = {"style-src": "'self' 'unsafe-inline'"}
        return response
