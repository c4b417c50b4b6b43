"""The banner by itself: an open screen asks for it every minute."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from inbox.desk import DeskRequest, at_desk


@require_GET
@at_desk("configure")
def alarm(request: DeskRequest) -> HttpResponse:
    return render(request, "components/alarm.html")
