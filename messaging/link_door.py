"""`/l/<token>`: a short address that leads where its message said, and nowhere else."""

from http import HTTPStatus

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from messaging.services.links import LinkExpired, NoSuchLink, follow_link
from project.kernel import clock


@require_safe
@never_cache
def follow(request: HttpRequest, token: str) -> HttpResponseBase:
    headers = {name.lower(): value for name, value in request.headers.items()}
    try:
        destination = follow_link(token=token, method=request.method or "", headers=headers, now=clock.now())
    except NoSuchLink as error:
        return _told(str(error), HTTPStatus.NOT_FOUND)
    except LinkExpired as error:
        return _told(str(error), HTTPStatus.GONE)
    return HttpResponse(status=HTTPStatus.FOUND, headers={"Location": destination, "Referrer-Policy": "no-referrer"})


def _told(words: str, status: HTTPStatus) -> HttpResponse:
    return HttpResponse(words, status=status, content_type="text/plain; charset=utf-8")
