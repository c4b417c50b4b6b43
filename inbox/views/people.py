"""One person's page: names, consent, and merging with who turned out to be the same person."""

from collections.abc import Callable

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from crm.access import access_lead
from crm.models import Identity, Lead, MergeProposal
from crm.models.consent import ConsentState, Purpose
from crm.services.consent import note_consent
from crm.services.consent_exports import write_ledger
from crm.services.identities import add_identity, remove_identity
from crm.services.proposals import decline_proposal
from inbox.csv_files import csv_file
from inbox.desk import DeskRequest, at_desk
from inbox.people import access_merge
from inbox.queries.people import people_named, read_person, read_side
from messaging.access import access_channel
from messaging.models import Conversation
from messaging.services.merging import CannotMerge, Decider, merge_leads, undo_merge
from messaging.services.opt_in import ask_for_opt_in
from messaging.services.reply_channels import prefer_channel
from project.kernel import clock
from project.kernel.commands import is_storable
from project.kernel.errors import problems_of


@require_GET
@at_desk()
def person(request: DeskRequest, lead_id: int) -> HttpResponse:
    lead = _lead(request, lead_id)
    if lead.pk != lead_id:
        return redirect("inbox:person", request.desk.workspace.slug, lead.pk)
    search = _given(request, "q")
    context = {
        "section": "inbox",
        "person": read_person(request.desk, lead, now=clock.now()),
        "search": search,
        "found": people_named(search, but=lead) if search else [],
    }
    return render(request, "people/person.html", context)


@require_POST
@at_desk("reply")
def add_name(request: DeskRequest, lead_id: int) -> HttpResponse:
    lead = _lead(request, lead_id, "reply")
    kind, value = _given(request, "kind"), _given(request, "value")
    return _done(
        request,
        lead,
        lambda: add_identity(lead=lead, kind=kind, value=value, user=request.desk.user, now=clock.now()),
        "Added.",
    )


@require_POST
@at_desk("reply")
def remove_name(request: DeskRequest, lead_id: int, identity_id: int) -> HttpResponse:
    lead = _lead(request, lead_id, "reply")
    identity = get_object_or_404(Identity.objects.filter(lead=lead), pk=identity_id)
    return _done(
        request,
        lead,
        lambda: remove_identity(lead=lead, identity=identity, user=request.desk.user, now=clock.now()),
        "Removed. Who writes under it next is somebody new.",
    )


@require_POST
@at_desk("reply")
def prefer(request: DeskRequest, lead_id: int) -> HttpResponse:
    desk = request.desk
    lead = _lead(request, lead_id, "reply")
    conversation = get_object_or_404(Conversation.objects.filter(lead=lead))
    number = _given(request, "channel")
    channel = access_channel(desk.user, desk.workspace, _number(number), "reply") if number else None
    return _done(
        request,
        lead,
        lambda: prefer_channel(conversation=conversation, channel=channel, user=desk.user, now=clock.now()),
        "Saved. The next answer leaves there.",
    )


@require_POST
@at_desk("reply")
def note(request: DeskRequest, lead_id: int) -> HttpResponse:
    """Consent that was given or taken back elsewhere."""
    lead = _lead(request, lead_id, "reply")
    about = {name: _given(request, name) for name in ("channel_kind", "source", "reason", "text_shown")}
    try:
        state, purpose = ConsentState(_given(request, "state")), Purpose(_given(request, "purpose"))
    except ValueError as error:
        raise Http404(str(error)) from error
    return _done(
        request,
        lead,
        lambda: note_consent(
            lead=lead, purposes=(purpose,), state=state, user=request.desk.user, now=clock.now(), **about
        ),
        "Noted.",
    )


@require_POST
@at_desk("reply")
def ask(request: DeskRequest, lead_id: int) -> HttpResponse:
    """The e-mail with the link of the double opt-in."""
    lead = _lead(request, lead_id, "reply")
    return _done(
        request,
        lead,
        lambda: ask_for_opt_in(
            lead=lead, source="colleague", reason=_given(request, "reason"), user=request.desk.user, now=clock.now()
        ),
        "The e-mail is on its way. Their consent counts once they follow its link.",
    )


@require_GET
@at_desk()
def export(request: DeskRequest, lead_id: int) -> HttpResponse:
    lead = _lead(request, lead_id)
    return csv_file(write_ledger(request.desk.workspace, lead), f"consent-{lead.pk}.csv")


@require_http_methods(["GET", "POST"])
@at_desk("reply")
def merge(request: DeskRequest, lead_id: int, other_id: int) -> HttpResponse:
    """Both side by side; one press makes them one."""
    lead, other = _lead(request, lead_id, "reply"), _lead(request, other_id, "reply")
    if request.method == "POST":
        by, reason = Decider(request.desk.user), _given(request, "reason") or "they are the same person"
        return _done(
            request,
            lead,
            lambda: merge_leads(kept=lead, gone=other, reason=reason, by=by, now=clock.now()),
            "They are one now. You can undo it below.",
        )
    now = clock.now()
    sides = [read_side(request.desk, lead, now=now), read_side(request.desk, other, now=now)]
    rows = [(label, value, twin[1]) for (label, value), twin in zip(sides[0].rows, sides[1].rows, strict=True)]
    return render(request, "people/merge.html", {"section": "inbox", "sides": sides, "rows": rows})


@require_POST
@at_desk("reply")
def part(request: DeskRequest, lead_id: int, merge_id: int) -> HttpResponse:
    lead = _lead(request, lead_id, "reply")
    merged = access_merge(request.desk.user, request.desk.workspace, merge_id, "reply")
    return _done(
        request,
        lead,
        lambda: undo_merge(merge=merged, user=request.desk.user, now=clock.now()),
        "They are two again. What came since the merge stayed here.",
    )


@require_POST
@at_desk("reply")
def decline(request: DeskRequest, lead_id: int, proposal_id: int) -> HttpResponse:
    lead = _lead(request, lead_id, "reply")
    proposal = get_object_or_404(MergeProposal.objects.select_related("first", "second"), pk=proposal_id)
    return _done(
        request,
        lead,
        lambda: decline_proposal(proposal=proposal, user=request.desk.user, now=clock.now()),
        "Two people, then. Nobody will ask again.",
    )


def _lead(request: DeskRequest, lead_id: int, action: str = "read") -> Lead:
    return access_lead(request.desk.user, request.desk.workspace, min(lead_id, 2**62), action)


def _given(request: DeskRequest, name: str) -> str:
    text = request.POST.get(name, request.GET.get(name, "")).strip()[:4000]
    return text if is_storable(text) else text.replace("\0", "").encode("utf-8", "ignore").decode()


def _number(text: str) -> int:
    return min(int(text), 2**62) if text.isascii() and text.isdigit() else 0


def _done(request: DeskRequest, lead: Lead, work: Callable[[], object], said: str) -> HttpResponse:
    """Back to the page, with what happened or why it did not."""
    try:
        work()
    except Exception as error:
        problems = problems_of(error) or ({"": str(error)} if isinstance(error, CannotMerge) else None)
        if problems is None:
            raise
        messages.error(
            request, " ".join(f"{name} {why}.".strip().capitalize() if name else why for name, why in problems.items())
        )
    else:
        messages.success(request, said)
    return redirect("inbox:person", request.desk.workspace.slug, lead.pk)
