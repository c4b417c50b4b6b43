"""A person's own keys to the API."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST
from knox.models import AuthToken

from crm.services.tokens import create_token
from inbox.desk import DeskRequest, at_desk
from project.kernel import clock

from .page import saved, settings_page


@require_http_methods(["GET", "POST"])
@never_cache  # the answer to the POST shows the new token, this once
@at_desk("configure")
def tokens(request: DeskRequest) -> HttpResponse:
    user = request.desk.user
    created = create_token(email=user.email, now=clock.now()) if request.method == "POST" else ""
    mine = list(AuthToken.objects.filter(user=user).order_by("-created"))
    return settings_page(request, "settings_tokens", "tokens", created=created, tokens=mine)


@require_POST
@at_desk("configure")
def revoke(request: DeskRequest, digest: str) -> HttpResponse:
    user = request.desk.user
    get_object_or_404(AuthToken, user=user, digest=digest).delete()
    return saved(request, "settings_tokens", "Revoked. It opens nothing any more.")
