"""A person's page and its API: names, consent, merging; who may, who may not, and what is refused in which words."""

from typing import Any

import pytest

from crm.models import Consent, Identity, Lead, LeadMerge, MergeProposal, PeoplePolicy, Suppression
from crm.models.people import IdentityKind
from crm.services.leads import find_or_create_lead
from crm.services.proposals import propose_merges
from messaging import floor
from messaging.models import Channel, Conversation, Message, ServiceWindow
from messaging.services.merging import Decider, merge_leads
from messaging.services.reply_channels import reply_channel
from project.kernel import clock
from project.kernel.scope import across_workspaces, workspace_scope
from tests.cast import DAVIS_PHONE, NOON, meet
from tests.commands import refusal, run_json
from tests.inbox.api import Caller
from tests.inbox.screens import Screens, browser_of, open_screens, text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def screens() -> Screens:
    return open_screens()


@pytest.fixture
def dave(screens: Screens) -> Lead:
    """Who may be Davi."""
    with workspace_scope(screens.cast.acme):
        lead, _ = meet(screens.cast.acme, screens.cast.channel, "+4915112345678", "Dave")
    return lead


def page_of(screens: Screens, lead: Lead | None = None) -> str:
    return screens.url(f"leads/{(lead or screens.cast.davi).pk}/")


def merge(screens: Screens, dave: Lead) -> LeadMerge:
    cast = screens.cast
    with workspace_scope(cast.acme):
        return merge_leads(kept=cast.davi, gone=dave, reason="they said so", by=Decider(cast.bruno), now=clock.now())


def propose(screens: Screens, dave: Lead) -> MergeProposal:
    with workspace_scope(screens.cast.acme):
        propose_merges([screens.cast.davi, dave], reason="A contact was shared.", now=NOON)
        return MergeProposal.objects.get()


def stored(screens: Screens, model: Any) -> Any:
    with workspace_scope(screens.cast.acme):
        return list(model.objects.order_by("pk"))


# -- who may -------------------------------------------------------------------------------------------------------


def actions(screens: Screens, dave: Lead) -> list[str]:
    proposal = propose(screens, dave)
    with across_workspaces():
        name = Identity.objects.get(lead=screens.cast.davi)
    page = page_of(screens)
    return [
        f"{page}names/",
        f"{page}names/{name.pk}/remove/",
        f"{page}channel/",
        f"{page}consent/",
        f"{page}consent/ask/",
        f"{page}merge/{dave.pk}/",
        f"{page}merges/1/undo/",
        f"{page}proposals/{proposal.pk}/decline/",
    ]


def test_a_viewer_reads_the_page_and_changes_nothing(screens: Screens, dave: Lead) -> None:
    for action in actions(screens, dave):
        assert screens.vera.post(action, {"kind": "phone", "value": "+4930123456"}).status_code == 403
    page = screens.vera.get(page_of(screens))
    assert page.status_code == 200
    assert b"<button" not in page.content.split(b'<main id="content"')[1].split(b"</main>")[0]


def test_a_stranger_finds_nothing(screens: Screens, dave: Lead) -> None:
    for action in actions(screens, dave):
        assert screens.clara.post(action).status_code == 404
    for place in (page_of(screens), f"{page_of(screens)}consent/export/", f"{page_of(screens)}merge/{dave.pk}/"):
        assert screens.clara.get(place).status_code == 404
    stranger = browser_of(screens.cast.clara)
    assert stranger.get(f"/w/other/leads/{screens.cast.davi.pk}/").status_code == 404


def test_the_api_keeps_viewers_from_writing_and_strangers_from_everything(screens: Screens, dave: Lead) -> None:
    vera, clara = Caller(screens.cast.vera), Caller(screens.cast.clara)
    made, proposal = merge(screens, dave), propose_after(screens)
    lead = f"leads/{screens.cast.davi.pk}/"
    writes = [
        f"{lead}identities/", f"{lead}consents/", f"{lead}opt-in-request/", f"{lead}merges/", "suppressions/",
        f"merges/{made.pk}/undo/", f"merge-proposals/{proposal.pk}/decline/",
    ]  # fmt: skip
    for write in writes:
        assert vera.post(write, {}, expect=403)["code"] == "not_allowed"
    for write in [write for write in writes if write != "suppressions/"]:
        clara.post(write, {}, expect=404)
    for read in (f"{lead}identities/", f"{lead}consents/", f"{lead}merges/"):
        vera.get(read)
        clara.get(read, expect=404)
    assert clara.get("suppressions/")["results"] == clara.get("merge-proposals/")["results"] == []
    for file in ("consents/export/", "suppressions/export/"):
        assert vera.client.get(f"/api/v1/{file}").status_code == 403


def propose_after(screens: Screens) -> MergeProposal:
    """A proposal about somebody else."""
    with workspace_scope(screens.cast.acme):
        eva, _ = meet(screens.cast.acme, screens.cast.channel, "+4915100000000", "Eva")
        propose_merges([screens.cast.davi, eva], reason="x", now=NOON)
        return MergeProposal.objects.get(second=eva)


# -- names ---------------------------------------------------------------------------------------------------------


def test_names_are_added_and_removed_by_hand(screens: Screens) -> None:
    page = page_of(screens)
    screens.bruno.post(f"{page}names/", {"kind": "email", "value": " Davi@X.test "})
    added = stored(screens, Identity)[-1]
    assert (added.value, added.source) == ("davi@x.test", "person")
    assert "davi@x.test" in text_of(screens.bruno.get(page))
    screens.bruno.post(f"{page}names/{added.pk}/remove/")
    assert [name.value for name in stored(screens, Identity)] == [DAVIS_PHONE]
    answer = screens.bruno.post(f"{page}names/{stored(screens, Identity)[0].pk}/remove/", follow=True)
    assert "is the only one" in text_of(answer)


def test_wrong_names_are_refused_in_words(screens: Screens, dave: Lead) -> None:
    bruno, path = Caller(screens.cast.bruno), f"leads/{screens.cast.davi.pk}/identities/"
    for kind, value, why in (
        ("phone", "123", "not a p"),
        ("phone", "+4915112345678", f"belongs to Dave (#{dave.pk}); merge the two"),
        ("email", "davi@", "not an e-mail address"),
        ("telegram", "@davi", "a username may pass to somebody else"),
        ("whatsapp", "davi", "a business-scoped id"),
        ("visitor", "x", "not a valid choice"),
        ("email", "a@x.test\x00", "Null characters"),
    ):
        fields = bruno.post(path, {"kind": kind, "value": value}, expect=400)["fields"]
        assert why in str(fields), fields
    assert len(stored(screens, Identity)) == 2


def test_the_api_adds_lists_and_removes_names(screens: Screens) -> None:
    bruno, path = Caller(screens.cast.bruno), f"leads/{screens.cast.davi.pk}/identities/"
    added = bruno.post(path, {"kind": "telegram", "value": "77"}, expect=201)
    assert [name["value"] for name in bruno.get(path)] == [DAVIS_PHONE, "77"]
    assert bruno.client.delete(f"/api/v1/{path}{added['id']}/").status_code == 204
    assert bruno.client.delete(f"/api/v1/{path}{added['id']}/").status_code == 404


# -- consent -------------------------------------------------------------------------------------------------------

GIVEN = {
    "channel_kind": "whatsapp_twilio",
    "purpose": "marketing",
    "state": "granted",
    "source": "phone call",
    "reason": "wants the newsletter",
    "text_shown": "News once a month",
}


def test_consent_is_noted_with_who_how_and_what_they_read(screens: Screens) -> None:
    page = page_of(screens)
    screens.bruno.post(f"{page}consent/", GIVEN)
    line = stored(screens, Consent)[0]
    assert (line.source, line.proof, line.text_shown, line.user) == (
        "phone call",
        "wants the newsletter",
        "News once a month",
        screens.cast.bruno,
    )
    shown = text_of(screens.bruno.get(page))
    assert "noted by Bruno" in shown
    assert "They read: News once a month" in shown
    export = screens.vera.get(f"{page}consent/export/")
    assert export["Content-Type"].startswith("text/csv")
    assert "wants the newsletter" in export.content.decode()


def test_a_note_without_a_reason_is_refused_and_nothing_is_written(screens: Screens) -> None:
    answer = screens.bruno.post(f"{page_of(screens)}consent/", {**GIVEN, "reason": " "}, follow=True)
    assert "Reason is required" in text_of(answer)
    assert screens.bruno.post(f"{page_of(screens)}consent/", {**GIVEN, "state": "maybe"}).status_code == 404
    bruno = Caller(screens.cast.bruno)
    lead = f"leads/{screens.cast.davi.pk}/consents/"
    assert "channel_kind" in bruno.post(lead, {**GIVEN, "channel_kind": "pigeon"}, expect=400)["fields"]
    assert "state" in bruno.post(lead, {**GIVEN, "state": "pending"}, expect=400)["fields"]
    assert not stored(screens, Consent)


def test_the_api_notes_lists_and_exports_consent(screens: Screens) -> None:
    bruno, ana = Caller(screens.cast.bruno), Caller(screens.cast.ana)
    path = f"leads/{screens.cast.davi.pk}/consents/"
    bruno.post(path, GIVEN, expect=201)
    bruno.post(path, {**GIVEN, "state": "withdrawn"}, expect=201)
    assert [line["state"] for line in bruno.get(path)["results"]] == ["withdrawn", "granted"]
    assert b"withdrawn" in ana.client.get("/api/v1/consents/export/").content


def test_asking_by_email_needs_an_address_and_queues_one_mail(screens: Screens) -> None:
    bruno, path = Caller(screens.cast.bruno), f"leads/{screens.cast.davi.pk}/opt-in-request/"
    wanted = {"source": "phone", "reason": "newsletter"}
    assert "e-mail channel" in str(bruno.post(path, wanted, expect=400)["fields"])
    assert not stored(screens, Consent)


# -- where answers leave -------------------------------------------------------------------------------------------


def test_a_preferred_channel_is_used_while_it_can_be_and_the_trail_tells_when_not(screens: Screens) -> None:
    cast = screens.cast
    with workspace_scope(cast.acme):
        chat = Channel.objects.create(workspace=cast.acme, kind="webchat", name="Chat")
    answer = Caller(cast.bruno).client.put(
        f"/api/v1/leads/{cast.davi.pk}/preferred-channel/", {"channel": chat.pk}, format="json"
    )
    assert answer.json()["preferred_channel"] == chat.pk
    assert "Webchat" in text_of(screens.bruno.get(screens.thread)).replace("Web chat", "Webchat")
    with workspace_scope(cast.acme):
        conversation = Conversation.objects.get(lead=cast.davi)
        assert reply_channel(conversation, NOON) == cast.channel
        told = cast.davi.trail.get(kind="channel.fallback")
        assert "never wrote there" in told.reason
        ServiceWindow.objects.create(
            workspace=cast.acme, conversation=conversation, channel=chat, address="v", opened_at=NOON
        )
        assert reply_channel(conversation, NOON) == chat
        Channel.objects.filter(pk=chat.pk).update(paused_at=NOON)
        assert reply_channel(Conversation.objects.get(pk=conversation.pk), NOON) == cast.channel
        assert cast.davi.trail.filter(kind="channel.fallback", reason__contains="paused").exists()


def test_the_preference_is_set_and_taken_back_on_the_page(screens: Screens) -> None:
    page = page_of(screens)
    screens.bruno.post(f"{page}channel/", {"channel": str(screens.cast.channel.pk)})
    assert stored(screens, Conversation)[0].preferred_channel == screens.cast.channel
    screens.bruno.post(f"{page}channel/", {"channel": ""})
    assert stored(screens, Conversation)[0].preferred_channel is None
    for wrong in ("999999", "x", "9" * 30):
        assert screens.bruno.post(f"{page}channel/", {"channel": wrong}).status_code == 404


# -- one person ----------------------------------------------------------------------------------------------------


def test_two_are_compared_merged_and_parted_on_the_page(screens: Screens, dave: Lead) -> None:
    page = page_of(screens)
    found = screens.bruno.get(page, {"q": "dave"})
    assert f"/merge/{dave.pk}/" in found.content.decode()
    preview = text_of(screens.bruno.get(f"{page}merge/{dave.pk}/"))
    assert "Dave becomes part of Davi" in preview
    assert "+49 1511 2345678" in preview
    merged = screens.bruno.post(f"{page}merge/{dave.pk}/", {"reason": "told me"}, follow=True)
    assert "They are one now" in text_of(merged)
    assert screens.bruno.get(page_of(screens, dave)).url == page
    made = stored(screens, LeadMerge)[0]
    assert (made.user, made.reason) == (screens.cast.bruno, "told me")
    assert "two again" in text_of(screens.bruno.post(f"{page}merges/{made.pk}/undo/", follow=True))
    assert len(stored(screens, Lead)) == 2


def test_an_old_link_to_the_thread_leads_to_the_one_who_is_left(screens: Screens, dave: Lead) -> None:
    with workspace_scope(screens.cast.acme):
        old = Conversation.objects.get(lead=dave)
    merge(screens, dave)
    assert screens.bruno.get(screens.url(f"conversations/{old.pk}/")).url == screens.thread
    listed = Caller(screens.cast.bruno).get("conversations/")["results"]
    assert [row["id"] for row in listed] == [screens.cast.conversation.pk]
    assert len(Caller(screens.cast.bruno).get("leads/")["results"]) == 1


def test_a_merge_that_cannot_be_now_says_why(screens: Screens, dave: Lead) -> None:
    floor.acquire(workspace_id=dave.workspace_id, lead_id=dave.pk, holder="primary")
    bruno, path = Caller(screens.cast.bruno), f"leads/{screens.cast.davi.pk}/merges/"
    refused = bruno.post(path, {"gone": dave.pk, "reason": "x"}, expect=409)
    assert (refused["code"], "An agent is speaking" in refused["message"]) == ("cannot_merge", True)
    page = screens.bruno.post(f"{page_of(screens)}merge/{dave.pk}/", {"reason": "x"}, follow=True)
    assert "An agent is speaking" in text_of(page)
    assert bruno.post(path, {"gone": 10**9, "reason": "x"}, expect=404)
    floor.clear(lead_id=dave.pk)
    made = bruno.post(path, {"gone": dave.pk, "reason": "x"}, expect=201)
    assert bruno.get(path)["results"][0]["id"] == made["id"]
    assert bruno.post(f"merges/{made['id']}/undo/")["undone_at"]
    assert bruno.post(f"merges/{made['id']}/undo/", expect=409)["code"] == "cannot_merge"


def test_a_proposal_is_shown_beside_the_thread_and_declined_for_good(screens: Screens, dave: Lead) -> None:
    proposal = propose(screens, dave)
    assert "May be the same person as Dave" in text_of(screens.bruno.get(screens.thread))
    assert "A contact was shared." in text_of(screens.bruno.get(page_of(screens)))
    assert Caller(screens.cast.vera).get("merge-proposals/")["results"][0]["second"]["name"] == "Dave"
    screens.bruno.post(f"{page_of(screens)}proposals/{proposal.pk}/decline/")
    assert "May be the same" not in text_of(screens.bruno.get(screens.thread))
    assert propose(screens, dave).settled_as == "different"


def test_the_page_asks_the_same_number_of_questions_for_many_names(
    screens: Screens, django_assert_max_num_queries: Any
) -> None:
    cast = screens.cast
    with workspace_scope(cast.acme):
        for number in range(30):
            find_or_create_lead(
                workspace=cast.acme,
                identities=[(IdentityKind.PHONE, DAVIS_PHONE), (IdentityKind.TELEGRAM, str(1000 + number))],
                now=NOON,
            )
        Consent.objects.bulk_create(
            Consent(
                workspace=cast.acme, lead=cast.davi, channel_kind="telegram", purpose="service", state="granted",
                source="x", at=NOON, user=cast.bruno,
            )
            for _ in range(30)
        )  # fmt: skip
    with django_assert_max_num_queries(30):
        assert screens.bruno.get(page_of(screens)).status_code == 200


def test_the_command_merges_and_parts(screens: Screens, dave: Lead) -> None:
    flags = ["merge_leads", "--workspace=acme", "--by=bruno@acme.test"]
    made = run_json(*flags, f"--keep={DAVIS_PHONE}", f"--gone=#{dave.pk}")
    assert (made["kept"], made["gone"]) == (screens.cast.davi.pk, dave.pk)
    assert run_json(*flags, f"--undo={made['id']}")["undone_at"]
    assert "undone before" in refusal(*flags, f"--undo={made['id']}")
    assert "gone: " in refusal(*flags, f"--keep={DAVIS_PHONE}")
    assert "nobody in this workspace" in refusal(*flags, f"--keep={DAVIS_PHONE}", "--gone=+4900000")
    assert "by: " in refusal("merge_leads", "--workspace=acme", "--by=clara@other.test", "--undo=1")


# -- settings ------------------------------------------------------------------------------------------------------


@pytest.fixture
def ana(screens: Screens) -> Any:
    return browser_of(screens.cast.ana)


def test_the_policy_is_saved_and_wrong_words_are_refused(screens: Screens, ana: Any) -> None:
    url = screens.url("settings/consent/")
    assert screens.vera.get(url).status_code == 403
    ana.post(url, {"opt_in_keywords": "NEWS\nnews!, Yes please", "opt_in_text": "Monthly", "double_opt_in": "on"})
    policy = stored(screens, PeoplePolicy)[0]
    assert policy.opt_in_keywords == ["news", "yes please"]
    assert (policy.opt_in_text, policy.double_opt_in, policy.merges_by_rule) == ("Monthly", True, False)
    refused = ana.post(url, {"opt_in_keywords": "x" * 41})
    assert refused.status_code == 422
    assert "longer than 40" in refused.content.decode()


def test_a_list_is_looked_at_first_and_then_taken_in(screens: Screens, ana: Any) -> None:
    url = screens.url("settings/consent/list/")
    given = {"source": "old CRM", "text": f"{DAVIS_PHONE}\nnonsense\n"}
    preview = text_of(ana.post(url, given))
    assert "1 numbers and addresses, 1 lines that cannot be read" in preview
    assert "Line 2" in preview
    assert not stored(screens, Suppression)
    told = text_of(ana.post(url, {**given, "take": "1"}, follow=True))
    assert "1 added, 0 were there; 1 leads get no more marketing. 1 lines could not be read." in told
    assert DAVIS_PHONE in ana.get(screens.url("settings/consent/list/export/")).content.decode()
    empty = ana.post(url, {"source": "x", "text": ""})
    assert empty.status_code == 422
    assert "is empty" in empty.content.decode()
    assert screens.bruno.post(url, given).status_code == 403


def test_the_api_takes_a_list_in(screens: Screens) -> None:
    ana = Caller(screens.cast.ana)
    given = {"list": f"phone\n{DAVIS_PHONE}\n12\n", "source": "old"}
    preview = ana.post("suppressions/", {**given, "is_preview": True})
    assert (preview["read"], preview["wrong"], preview["added"]) == (1, 1, None)
    assert preview["problems"][0]["line"] == 3
    assert ana.post("suppressions/", given)["added"] == 1
    assert ana.get("suppressions/")["results"][0]["value"] == DAVIS_PHONE
    assert "is empty" in str(ana.post("suppressions/", {"list": "\n", "source": "x"}, expect=400)["fields"])
    assert DAVIS_PHONE.encode() in ana.client.get("/api/v1/suppressions/export/").content
    assert not stored(screens, Message)
