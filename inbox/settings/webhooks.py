"""Other systems that are told what happens: their addresses, their events, and the log of what was delivered."""

from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from inbox.desk import DeskRequest, at_desk
from project.kernel import clock
from project.kernel.errors import WrongValues
from webhooks.access import access_delivery, access_subscription
from webhooks.events import EVENTS, event_of
from webhooks.models import Delivery, Subscription
from webhooks.queries import LOG, log_of, subscriptions
from webhooks.services.replaying import replay_delivery, replay_failed
from webhooks.services.subscriptions import (
    change_subscription,
    create_subscription,
    disable_subscription,
    enable_subscription,
    replace_secret,
    send_test,
)

from .page import Refusal, refusals_in, saved, settings_page

PAGE = "settings_webhooks"


class WebhookForm(forms.Form):
    url = forms.CharField(
        label="Address", max_length=2000, help_text="Begins with https:// and answers from the public internet."
    )
    name = forms.CharField(required=False, max_length=100, help_text="What your team calls it.")
    events = forms.MultipleChoiceField(
        choices=[(name, f"{name}: {event.told}") for name, event in EVENTS.items()],
        widget=forms.CheckboxSelectMultiple,
    )


@require_http_methods(["GET", "POST"])
@never_cache  # the answer to the POST shows the new secret, this once
@at_desk("configure")
def webhooks(request: DeskRequest) -> HttpResponse:
    form, made = WebhookForm(request.POST or None), None
    if form.is_valid():
        try:
            with refusals_in(form):
                made = create_subscription(workspace=request.desk.workspace, now=clock.now(), **form.cleaned_data)
            form = WebhookForm()
        except Refusal:
            pass
    return settings_page(request, PAGE, "webhooks", form=form, made=made, rows=list(subscriptions()))


@require_http_methods(["GET", "POST"])
@at_desk("configure")
def webhook(request: DeskRequest, subscription_id: int) -> HttpResponse:
    subscription = _subscription(request, subscription_id)
    known = {name: getattr(subscription, name) for name in ("url", "name", "events")}
    form = WebhookForm(request.POST or None, initial=known)
    if form.is_valid():
        try:
            with refusals_in(form):
                change_subscription(subscription=subscription, **form.cleaned_data)
            return _back(request, subscription, "Saved.")
        except Refusal:
            pass
    return _shown(request, subscription, form=form)


@require_POST
@never_cache
@at_desk("configure")
def renew_secret(request: DeskRequest, subscription_id: int) -> HttpResponse:
    subscription = _subscription(request, subscription_id)
    known = {name: getattr(subscription, name) for name in ("url", "name", "events")}
    secret = replace_secret(subscription=subscription)
    return _shown(request, subscription, form=WebhookForm(initial=known), secret=secret)


@require_POST
@at_desk("configure")
def enable(request: DeskRequest, subscription_id: int) -> HttpResponse:
    subscription = _subscription(request, subscription_id)
    enable_subscription(subscription=subscription)
    return _back(request, subscription, "Enabled. What failed meanwhile can be replayed below.")


@require_POST
@at_desk("configure")
def disable(request: DeskRequest, subscription_id: int) -> HttpResponse:
    subscription = _subscription(request, subscription_id)
    disable_subscription(subscription=subscription, reason=f"{request.desk.user} disabled it.", now=clock.now())
    return _back(request, subscription, "Disabled. Nothing is noted for it until you enable it.")


@require_POST
@at_desk("configure")
def remove(request: DeskRequest, subscription_id: int) -> HttpResponse:
    _subscription(request, subscription_id).delete()
    return saved(request, PAGE, "Removed, with its log.")


@require_POST
@at_desk("configure")
def test(request: DeskRequest, subscription_id: int) -> HttpResponse:
    subscription = _subscription(request, subscription_id)
    try:
        send_test(subscription=subscription, now=clock.now())
    except WrongValues:
        return _back(request, subscription, "It is disabled: enable it first.")
    return _back(request, subscription, "A test is on its way. Reload in a second to see what was answered.")


@require_POST
@at_desk("configure")
def replay(request: DeskRequest, subscription_id: int) -> HttpResponse:
    subscription = _subscription(request, subscription_id)
    try:
        count = replay_failed(subscription=subscription, now=clock.now())
    except WrongValues:
        return _back(request, subscription, "It is disabled: enable it first.")
    return _back(request, subscription, f"{count} deliveries are sent again.")


@require_POST
@at_desk("configure")
def replay_one(request: DeskRequest, delivery_key: UUID) -> HttpResponse:
    delivery: Delivery = access_delivery(request.desk.user, request.desk.workspace, delivery_key)
    try:
        replay_delivery(delivery=delivery, now=clock.now())
    except WrongValues:
        return _back(request, delivery.subscription, "It is disabled: enable it first.")
    return _back(request, delivery.subscription, "It is sent again, with the same id.")


def _subscription(request: DeskRequest, subscription_id: int) -> Subscription:
    return access_subscription(request.desk.user, request.desk.workspace, subscription_id)


def _back(request: DeskRequest, subscription: Subscription, said: str) -> HttpResponse:
    saved(request, PAGE, said)
    return redirect("inbox:settings_webhook", request.desk.workspace.slug, subscription.pk)


def _shown(request: DeskRequest, subscription: Subscription, **context: Any) -> HttpResponse:
    log = [(delivery, event_of(delivery.fact), list(delivery.tries.all())) for delivery in log_of(subscription)[:LOG]]
    return settings_page(request, PAGE, "webhook", webhook=subscription, log=log, **context)
