"""Who works here, and in which role."""

from django import forms
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_http_methods, require_POST

from crm.access import NotAllowed
from crm.models import Membership, Role
from crm.services.members import bring_in, change_role, remove_member
from inbox.desk import DeskRequest, at_desk
from project.kernel.errors import WrongValues

from .page import Refusal, refusals_in, refused, saved, settings_page

ROLE_WORDS = {
    Role.OWNER: "everything, owners included",
    Role.MANAGER: "answers and changes these settings",
    Role.SALES: "takes over and answers",
    Role.MARKETER: "plans content and campaigns",
    Role.VIEWER: "reads only",
}


class MemberForm(forms.Form):
    email = forms.EmailField(label="E-mail", max_length=254)
    name = forms.CharField(required=False, max_length=150, help_text="The first name is what customers see.")
    role = forms.ChoiceField(choices=[(role, f"{role.label}: {ROLE_WORDS[role]}") for role in Role], initial=Role.SALES)
    password = forms.CharField(
        required=False,
        max_length=128,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        label="First password",
        help_text="For somebody who has no account here yet; they can change it. Ten characters or more.",
    )


@require_http_methods(["GET", "POST"])
@at_desk("configure")
def members(request: DeskRequest) -> HttpResponse:
    desk = request.desk
    form = MemberForm(request.POST or None)
    if form.is_valid():
        try:
            with refusals_in(form):
                user = bring_in(workspace=desk.workspace, by=desk.user, **form.cleaned_data)
            return saved(request, "settings_members", f"{user} can sign in now.")
        except Refusal:
            pass
        except NotAllowed as error:
            form.add_error("role", str(error))
    rows = list(Membership.objects.select_related("user").order_by("user__name", "user__email"))
    return settings_page(request, "settings_members", "members", form=form, rows=rows, roles=Role.choices)


@require_POST
@at_desk("configure")
def set_role(request: DeskRequest, member_id: int) -> HttpResponse:
    desk = request.desk
    member = _member(member_id)
    try:
        change_role(workspace=desk.workspace, member=member, role=request.POST.get("role", ""), by=desk.user)
    except (WrongValues, NotAllowed) as error:
        return refused(request, "settings_members", error)
    return saved(request, "settings_members", f"{member.user} has another role now.")


@require_POST
@at_desk("configure")
def remove(request: DeskRequest, member_id: int) -> HttpResponse:
    desk = request.desk
    member = _member(member_id)
    try:
        remove_member(workspace=desk.workspace, member=member, by=desk.user)
    except (WrongValues, NotAllowed) as error:
        return refused(request, "settings_members", error)
    return saved(request, "settings_members", f"{member.user} no longer works here.")


def _member(member_id: int) -> Membership:
    return get_object_or_404(Membership.objects.select_related("user"), pk=member_id)
