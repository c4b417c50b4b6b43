"""Every refusal of the API in one shape: {"error": {"code", "message", "fields"?}}."""

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig, ValidationError
from django.http import Http404
from rest_framework import exceptions, status
from rest_framework.response import Response
from rest_framework.views import exception_handler

from agents.knowledge.unanswered import AlreadySettled
from crm.access import NotAllowed, NotFound
from handover.services.handovers import NotOpen
from messaging.services import dead_letters
from messaging.services.merging import CannotMerge
from messaging.services.template_drafts import UnableToSubmit
from messaging.transports import TransportError
from project.kernel.errors import problems_of

CODES = {
    exceptions.ParseError: "malformed_body",
    exceptions.ValidationError: "invalid",
    exceptions.NotAuthenticated: "not_authenticated",
    exceptions.AuthenticationFailed: "not_authenticated",
    exceptions.PermissionDenied: "not_allowed",
    exceptions.NotFound: "not_found",
    exceptions.MethodNotAllowed: "method_not_allowed",
    exceptions.NotAcceptable: "not_acceptable",
    exceptions.UnsupportedMediaType: "unsupported_media_type",
    exceptions.Throttled: "throttled",
}

REFUSED: dict[type[dead_letters.Refused], str] = {
    dead_letters.NotDead: "not_undelivered",
    dead_letters.StillInDoubt: "in_doubt",
    dead_letters.FloorTaken: "floor_taken",
    dead_letters.NotInDoubt: "not_waiting",
}


class Conflict(exceptions.APIException):
    """The request is in order, and what it asks for is no longer possible."""

    status_code = status.HTTP_409_CONFLICT
    default_code = "conflict"


class BodyTooLarge(exceptions.APIException):
    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_code = "body_too_large"
    default_detail = "The body is larger than this installation takes."


class ProviderRefused(exceptions.APIException):
    """A provider was asked, and did not do it or did not answer."""

    status_code = status.HTTP_502_BAD_GATEWAY
    default_code = "provider_refused"


class WorkspaceNeeded(exceptions.APIException):
    """The person works in several workspaces and named none."""

    status_code = status.HTTP_400_BAD_REQUEST
    default_code = "workspace_needed"


def answer_error(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's exception handler. None: an error that nobody anticipated, which project/failures.py answers."""
    error = _as_api_exception(error)
    response = exception_handler(error, context)
    if response is None:
        return None
    response.data = {"error": _described(error, response.data)}
    return response


def _as_api_exception(error: Exception) -> Exception:
    """The house's named errors, in DRF's vocabulary."""
    match error:
        case NotFound() | Http404():
            return exceptions.NotFound(str(error))
        case NotAllowed() | PermissionDenied():
            return exceptions.PermissionDenied(str(error))
        case RequestDataTooBig():
            return BodyTooLarge()
        case NotOpen():
            return Conflict(str(error), code="handover_ended")
        case CannotMerge():
            return Conflict(str(error), code="cannot_merge")
        case AlreadySettled():
            return Conflict(str(error), code="already_settled")
        case dead_letters.Refused():
            return Conflict(str(error), code=REFUSED[type(error)])
        case UnableToSubmit() | TransportError():
            return ProviderRefused(str(error))
        case ValidationError():
            return exceptions.ValidationError(problems_of(error))
    problems = problems_of(error)
    return error if problems is None else exceptions.ValidationError(problems)


def _described(error: Exception, body: Any) -> dict[str, Any]:
    if isinstance(error, exceptions.ValidationError):
        return {"code": "invalid", "message": "Some values cannot be used.", "fields": _fields(body)}
    assert isinstance(error, exceptions.APIException)
    return {"code": CODES.get(type(error)) or error.get_codes(), "message": _message(body)}


def _fields(body: Any) -> dict[str, list[str]]:
    """Each wrong field with its reasons; `body` is for the document as a whole."""
    if not isinstance(body, Mapping):
        return {"body": [str(reason) for reason in body]}
    return {
        "body" if name == "non_field_errors" else name: [str(reason) for reason in _as_list(reasons)]
        for name, reasons in body.items()
    }


def _as_list(reasons: Any) -> list[Any]:
    return reasons if isinstance(reasons, list) else [reasons]


def _message(body: Any) -> str:
    return str(body["detail"]) if isinstance(body, Mapping) and "detail" in body else str(body)
