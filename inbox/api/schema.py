"""What the OpenAPI document says of every address: how to choose a workspace, how pages go, how refusals look."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, TypeVar

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema, inline_serializer
from rest_framework import serializers

Method = TypeVar("Method", bound=Callable[..., Any])

ERROR = inline_serializer(
    "Error",
    {
        "error": inline_serializer(
            "ErrorBody",
            {
                "code": serializers.CharField(),
                "message": serializers.CharField(),
                "fields": serializers.DictField(
                    child=serializers.ListField(child=serializers.CharField()),
                    required=False,
                    help_text="Each wrong value with its reasons.",
                ),
            },
        )
    },
)

REFUSALS = {
    400: OpenApiResponse(ERROR, "A value cannot be used (`invalid`), or no workspace was chosen (`workspace_needed`)."),
    401: OpenApiResponse(ERROR, "No valid token or session."),
    403: OpenApiResponse(ERROR, "Your role does not cover this."),
    404: OpenApiResponse(ERROR, "There is no such row in a workspace of yours."),
    429: OpenApiResponse(ERROR, "Too many requests; see `Retry-After`."),
}
CONFLICT = {409: OpenApiResponse(ERROR, "It was in order, and is no longer possible.")}

WORKSPACE = OpenApiParameter(
    "workspace",
    OpenApiTypes.STR,
    description="The workspace's slug (or the header `X-Workspace`). Not needed by members of a single one.",
)
IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    description="Up to 100 printable characters of your choice. The same key again sends nothing and answers with "
    "the first message.",
)


def documented(
    tag: str,
    answer: Any,
    *,
    takes: Any = None,
    parameters: Sequence[Any] = (),
    code: int = 200,
    also: Mapping[int, OpenApiResponse] = MappingProxyType({}),
) -> Callable[[Method], Method]:
    """Describe a method of a view inside a workspace."""
    return extend_schema(
        tags=[tag],
        parameters=[WORKSPACE, *parameters],
        request=takes,
        responses={code: answer, **REFUSALS, **also},
    )
