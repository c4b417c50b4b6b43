"""What is answered when the code itself failed, or a request broke before it reached any: the API in its own shape,
everybody else by a page. With DEBUG on, Django's own page with the traceback stands before both."""

from http import HTTPStatus
from typing import Final

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views import defaults

API: Final = "/api/"


def server_error(request: HttpRequest) -> HttpResponse:
    """The exception itself is in the log, and nowhere else."""
    if not request.path.startswith(API):
        return defaults.server_error(request)
    return _problem(
        HTTPStatus.INTERNAL_SERVER_ERROR,
        "server_error",
        "The server failed while it answered. It is recorded. Look whether the change was made before asking again.",
    )


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    if not request.path.startswith(API):
        return defaults.bad_request(request, exception)
    return _problem(HTTPStatus.BAD_REQUEST, "malformed_request", "The request itself is malformed.")


def _problem(status: HTTPStatus, code: str, message: str) -> JsonResponse:
    """In the shape of inbox/api/errors.py."""
    return JsonResponse({"error": {"code": code, "message": message}}, status=status)
