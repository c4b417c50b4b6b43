"""Who may do what, and what happens to requests that make no sense: always a 4xx in one shape."""

from typing import Any

import pytest
from django.test import Client
from rest_framework.throttling import UserRateThrottle

from crm.models import User
from messaging.models import Floor, Message
from project.kernel.scope import workspace_scope
from tests.cast import PASSWORD, Cast, gather_cast
from tests.inbox.api import Caller
from tests.one_of_each import waiting_handover

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast() -> Cast:
    return gather_cast()


@pytest.fixture
def bruno(cast: Cast) -> Caller:
    return Caller(cast.bruno)


@pytest.fixture
def path(cast: Cast) -> str:
    return f"conversations/{cast.conversation.pk}/"


@pytest.fixture
def rows(cast: Cast, path: str) -> list[str]:
    """The address of every row of Acme."""
    with workspace_scope(cast.acme):
        handover = waiting_handover(cast)
    return [path, f"{path}messages/", f"{path}trail/", f"handovers/{handover.pk}/", f"leads/{cast.davi.pk}/"]


def actions(rows: list[str]) -> list[str]:
    path, messages, _, handover, _ = rows
    return [messages, f"{path}take-over/", f"{path}return-to-ai/", f"{path}resolve/", f"{handover}claim/"]


class TestRoles:
    def test_a_viewer_reads_and_does_not_act(self, cast: Cast, rows: list[str]) -> None:
        vera = Caller(cast.vera)
        for row in rows:
            vera.get(row)
        for action in actions(rows):
            assert vera.post(action, {"body": "Hello"}, expect=403)["code"] == "not_allowed"
        vera.patch(rows[-1], {"name": "Eve"}, expect=403)
        with workspace_scope(cast.acme):
            assert not Message.objects.exists()
            assert not Floor.objects.exists()

    def test_a_stranger_finds_nothing(self, cast: Cast, rows: list[str]) -> None:
        clara = Caller(cast.clara)
        for row in rows:
            assert clara.get(row, expect=404)["code"] == "not_found"
            clara.get(f"{row}?workspace=acme", expect=404)
        for action in actions(rows):
            clara.post(action, {"body": "Hello"}, expect=404)
            clara.post(f"{action}?workspace=acme", {"body": "Hello"}, expect=404)
        clara.patch(rows[-1], {"name": "Eve"}, expect=404)
        for listing in ("conversations/", "handovers/", "leads/"):
            assert clara.get(listing)["results"] == []
            clara.get(listing, workspace="acme", expect=404)

    def test_a_workspace_that_is_not_there_and_one_that_is_foreign_look_alike(self, cast: Cast) -> None:
        clara = Caller(cast.clara)
        foreign = clara.get("leads/", workspace="acme", expect=404)
        assert foreign == clara.get("leads/", workspace="nowhere", expect=404)

    def test_nobody_enters_without_a_token(self, client: Client, rows: list[str]) -> None:
        for row in [*rows, "workspaces/", "conversations/", "nowhere/"]:
            answer = client.get(f"/api/v1/{row}")
            assert answer.status_code == 401
            assert answer.json()["error"]["code"] == "not_authenticated"

    @pytest.mark.parametrize("token", ["", "x", "x y", "\xff\xfe", "a" * 5000, "é", "%00", "a-b"])
    def test_a_token_that_is_none_is_refused(self, client: Client, token: str) -> None:
        answer = client.get("/api/v1/workspaces/", headers={"Authorization": f"Token {token}"})
        assert answer.status_code == 401

    def test_a_person_who_left_is_refused(self, cast: Cast, bruno: Caller) -> None:
        User.objects.filter(pk=cast.bruno.pk).update(is_active=False)
        bruno.get("workspaces/", expect=401)

    def test_someone_without_a_workspace_is_told(self) -> None:
        loner = User.objects.create_user("loner@nowhere.test", PASSWORD)
        assert "not a member" in Caller(loner).get("leads/", expect=404)["message"]

    def test_a_browser_session_needs_the_csrf_token_to_act(self, cast: Cast, path: str) -> None:
        browser = Client(enforce_csrf_checks=True)
        browser.force_login(cast.bruno)
        assert browser.get(f"/api/v1/{path}").status_code == 200
        refused = browser.post(f"/api/v1/{path}take-over/")
        assert refused.status_code == 403
        assert refused.json()["error"]["code"] == "not_allowed"


class TestNonsense:
    @pytest.mark.parametrize("number", ["0", "999999999", "9" * 30, "9" * 5000, "-1", "1e3", "abc", "%00"])
    @pytest.mark.parametrize("kind", ["conversations", "handovers", "leads"])
    def test_a_number_that_nobody_has_is_not_found(self, bruno: Caller, kind: str, number: str) -> None:
        bruno.get(f"{kind}/{number}/", expect=404)

    def test_an_unknown_address_answers_in_the_same_shape(self, bruno: Caller) -> None:
        assert bruno.get("nowhere/", expect=404)["code"] == "not_found"
        bruno.get("conversations", expect=404)

    @pytest.mark.parametrize(
        "query",
        [
            {"view": "everything"},
            {"status": "asleep"},
            {"search": "a\x00b"},
            {"search": "a" * 101},
            {"assignee": "bruno"},
            {"assignee": "9" * 40},
        ],
    )
    def test_a_wrong_filter_is_named(self, bruno: Caller, query: dict[str, str]) -> None:
        assert list(bruno.get("conversations/", expect=400, **query)["fields"]) == list(query)

    def test_an_assignee_nobody_is_finds_nothing(self, bruno: Caller) -> None:
        assert bruno.get("conversations/", assignee="9" * 18)["results"] == []

    @pytest.mark.parametrize(
        "cursor", ["x", "cD1hYmM=", "cD0lMDA=", "bz0tMQ==", "cj0x", "\x00", "cD05OTk5OTk5OTk5OTk5OTk5OTk5OTk="]
    )
    @pytest.mark.parametrize("listing", ["conversations/", "handovers/", "leads/", "messages"])
    def test_a_cursor_that_was_made_up_never_breaks(self, bruno: Caller, path: str, listing: str, cursor: str) -> None:
        listing = f"{path}messages/" if listing == "messages" else listing
        answer = bruno.client.get(f"/api/v1/{listing}", {"cursor": cursor})
        assert answer.status_code in (200, 404)

    @pytest.mark.parametrize("after", ["-1", "x", "9" * 30, "\x00"])
    def test_a_wrong_place_to_start_is_named(self, bruno: Caller, path: str, after: str) -> None:
        for listing in ("messages/", "trail/"):
            assert list(bruno.get(path + listing, after=after, expect=400)["fields"]) == ["after"]

    @pytest.mark.parametrize("slug", ["\x00", "../acme", "acme acme", "a" * 51, "Ácme"])
    def test_a_slug_that_is_none_is_not_found(self, bruno: Caller, slug: str) -> None:
        bruno.get("leads/", workspace=slug, expect=404)

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"{",
            b"[]",
            b"null",
            b'"text"',
            b"\xff\xfe",
            b'{"body": NaN}',
            b"[" * 100_000,
            b'{"body": ' + b"9" * 5000 + b"}",
            b"{}",
            b'{"body": ""}',
            b'{"body": "  \\n "}',
            b'{"body": null}',
            b'{"body": ["a"]}',
            b'{"body": "a\\u0000b"}',
            b'{"body": "\\ud800"}',
            b'{"body": "' + b"a" * 4097 + b'"}',
        ],
        ids=lambda body: body[:20],
    )
    def test_a_body_that_is_no_message_is_refused(self, cast: Cast, bruno: Caller, path: str, body: bytes) -> None:
        assert bruno.raw(f"{path}messages/", body)["code"] in ("invalid", "malformed_body")
        with workspace_scope(cast.acme):
            assert not Message.objects.exists()

    def test_a_huge_body_is_refused_unread(self, bruno: Caller, path: str) -> None:
        huge = b'{"body": "' + b"a" * 3_000_000 + b'"}'
        assert bruno.raw(f"{path}messages/", huge, expect=413)["code"] == "body_too_large"

    @pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
    def test_only_json_is_taken(self, bruno: Caller, path: str, content_type: str) -> None:
        refused = bruno.raw(f"{path}messages/", b"body=Hello", content_type, expect=415)
        assert refused["code"] == "unsupported_media_type"

    @pytest.mark.parametrize("key", ["", " ", "k" * 101, "é", "a b"])
    def test_a_key_that_cannot_be_kept_is_named(self, bruno: Caller, path: str, key: str) -> None:
        refused = bruno.post(f"{path}messages/", {"body": "Hello"}, expect=400, **{"Idempotency-Key": key})
        assert list(refused["fields"]) == ["Idempotency-Key"]

    def test_a_method_that_is_not_there_is_refused(self, bruno: Caller, path: str) -> None:
        assert bruno.get(f"{path}take-over/", expect=405)["code"] == "method_not_allowed"


def test_each_person_has_their_own_rate(cast: Cast, bruno: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(UserRateThrottle, "THROTTLE_RATES", {"user": "3/min"})
    for _ in range(3):
        bruno.get("workspaces/")
    assert bruno.get("workspaces/", expect=429)["code"] == "throttled"
    Caller(cast.ana).get("workspaces/")


def test_the_schema_describes_every_address(client: Client) -> None:
    schema = client.get("/api/v1/schema/", headers={"Accept": "application/vnd.oai.openapi+json"}).json()
    paths: dict[str, Any] = schema["paths"]
    send = paths["/api/v1/conversations/{conversation_id}/messages/"]["post"]
    assert {parameter["name"] for parameter in send["parameters"]} >= {"workspace", "Idempotency-Key"}
    assert {"201", "400", "401", "403", "404", "409", "429"} == set(send["responses"])
    verdict = schema["components"]["schemas"]["Message"]["properties"]["verdict"]
    assert "Verdict" in str(verdict)
    listed = paths["/api/v1/conversations/"]["get"]["parameters"]
    assert {parameter["name"] for parameter in listed} >= {
        "cursor",
        "page_size",
        "view",
        "status",
        "search",
        "assignee",
    }
    assert len(paths) == 79
    assert send["description"].startswith("Write to the customer as yourself.")


def test_the_documentation_opens_and_draws_no_warning(client: Client, capsys: pytest.CaptureFixture[str]) -> None:
    assert client.get("/api/v1/docs/").status_code == 200
    client.get("/api/v1/schema/")
    assert "Warning" not in capsys.readouterr().err
