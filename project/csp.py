"""Content-Security-Policy: strict everywhere; a view widens its own response by `response.csp = {...}`."""

from collections.abc import Callable, Mapping

from django.http import HttpRequest, HttpResponse

Policy = Mapping[str, str]

STRICT: Policy = {
    "default-src": "'self'",
    "img-src": "'self' data: blob:",
    "connect-src": "'self' ws: wss:",
    "object-src": "'none'",
    "base-uri": "'self'",
    "form-action": "'self'",
    "frame-ancestors": "'self'",
}
# The admin's theme evaluates Alpine expressions and writes inline styles; only staff reach it.
ADMIN: Policy = {
    "script-src": "'self' 'unsafe-inline' 'unsafe-eval'",
    "style-src": "'self' 'unsafe-inline'",
}
EMBEDDABLE: Policy = {"frame-ancestors": "*"}
"""For a page made to stand in other people's sites."""


class ContentSecurityPolicyMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        widened: Policy = getattr(response, "csp", ADMIN if request.path.startswith("/admin/") else {})
        response.headers.setdefault("Content-Security-Policy", _header({**STRICT, **widened}))
        return response


def _header(policy: Policy) -> str:
    return "; ".join(f"{directive} {sources}" for directive, sources in policy.items())
