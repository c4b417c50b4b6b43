"""Lists of people who must get no marketing: read line by line, taken in whole, remembered for strangers too."""

from datetime import timedelta
from typing import Any

import pytest

from crm.models import Consent, Hold, Lead, Suppression, TrailEntry
from crm.models.consent import ConsentState, Purpose
from crm.models.people import IdentityKind
from crm.services.consent import consent_state, record_consent
from crm.services.holds import holds_in_force
from crm.services.identities import add_identity
from crm.services.leads import find_or_create_lead
from crm.services.profiles import change_profile
from crm.services.suppression_lists import inert, read_list, write_list
from crm.services.suppressions import Entry, Taken, import_suppressions
from project.kernel.errors import WrongValues
from project.kernel.scope import workspace_scope
from tests.cast import DAVIS_PHONE, NOON, Cast, gather_cast
from tests.commands import refusal, run_json

WHATSAPP = "whatsapp_twilio"


class TestReading:
    """Pure."""

    def test_a_header_names_the_columns_in_any_order_and_spelling(self) -> None:
        read = read_list("Reason;E-Mail;Phone\nangry;A@x.test;\n;;+55 11 98765-4321\n")
        assert read.entries == [Entry("email", "a@x.test", "angry"), Entry("phone", "+5511987654321")]
        assert not read.problems

    def test_without_a_header_each_line_is_somebody(self) -> None:
        assert read_list("+5511987654321\r\na@x.test\r\n").entries == [
            Entry("phone", "+5511987654321"),
            Entry("email", "a@x.test"),
        ]

    def test_wrong_lines_are_named_and_the_right_ones_stay(self) -> None:
        read = read_list(b"phone,email\n123,\n+5511987654321,not-an-address\n")
        assert [(problem.line, problem.value) for problem in read.problems] == [(2, "123"), (3, "not-an-address")]
        assert read.entries == [Entry("phone", "+5511987654321")]

    def test_only_the_first_problems_are_told_and_all_are_counted(self) -> None:
        read = read_list("phone\n" + "nonsense\n" * 300)
        assert (len(read.problems), read.wrong) == (200, 300)

    @pytest.mark.parametrize(
        ("content", "why"),
        [
            (b"", "is empty"),
            (b"\xff\xfe\x00", "is not UTF-8"),
            ("phone\n", "is empty"),
            ("x" * (20 * 1024 * 1024 + 1), "larger than 20 MB"),
            ('phone\n"' + "a" * 200_000, "is no CSV"),
        ],
    )
    def test_what_is_no_list_is_refused_with_the_reason(self, content: Any, why: str) -> None:
        with pytest.raises(WrongValues, match=why):
            read_list(content)

    @pytest.mark.parametrize("text", ["=1+1", "+cmd", "-x", "@x"])
    def test_a_spreadsheet_is_given_no_formula(self, text: str) -> None:
        assert inert(text) == f"'{text}"


@pytest.fixture
def cast() -> Any:
    cast = gather_cast()
    with workspace_scope(cast.acme):
        yield cast


def take(cast: Cast, *entries: Entry) -> Taken:
    return import_suppressions(workspace=cast.acme, entries=entries, source="old CRM", user=cast.ana, now=NOON)


def agrees(lead: Lead, minutes: int = 0) -> None:
    record_consent(
        lead=lead, channel_kind=WHATSAPP, purposes=(Purpose.MARKETING,), state=ConsentState.GRANTED, source="keyword",
        proof="news", now=NOON + timedelta(minutes=minutes),
    )  # fmt: skip


@pytest.mark.django_db
class TestTakingIn:
    def test_whom_we_know_is_held_and_their_consent_taken_back_with_a_reason(self, cast: Cast) -> None:
        agrees(cast.davi, minutes=-5)
        assert take(cast, Entry("phone", DAVIS_PHONE)) == Taken(added=1, known=0, leads=1)
        assert consent_state(cast.davi.pk, WHATSAPP, Purpose.MARKETING) == "withdrawn"
        assert holds_in_force(cast.davi.pk, NOON) == ["unsubscribed"]
        assert "old CRM" in TrailEntry.objects.get(kind="consent.suppressed").reason

    def test_the_same_list_again_changes_nothing_and_undoes_no_later_consent(self, cast: Cast) -> None:
        take(cast, Entry("phone", DAVIS_PHONE))
        agrees(cast.davi, minutes=5)
        assert Suppression.objects.get().lifted_at is not None
        assert take(cast, Entry("phone", DAVIS_PHONE)) == Taken(added=0, known=1, leads=0)
        assert consent_state(cast.davi.pk, WHATSAPP, Purpose.MARKETING) == "granted"
        assert holds_in_force(cast.davi.pk, NOON) == []

    def test_a_number_without_its_ninth_digit_is_the_same_person(self, cast: Cast) -> None:
        assert take(cast, Entry("phone", "+551187654321")).leads == 1

    def test_an_address_that_is_only_on_the_profile_counts(self, cast: Cast) -> None:
        Lead.objects.filter(pk=cast.davi.pk).update(email="Davi@x.test")
        assert take(cast, Entry("email", "davi@x.test")).leads == 1

    def test_a_stranger_is_remembered_until_they_come(self, cast: Cast) -> None:
        take(cast, Entry("phone", "+4930123456"), Entry("email", "new@x.test"))
        stranger = find_or_create_lead(workspace=cast.acme, identities=[(IdentityKind.PHONE, "+4930123456")], now=NOON)
        assert holds_in_force(stranger.pk, NOON) == ["unsubscribed"]

    def test_a_name_learned_later_is_looked_up_too(self, cast: Cast) -> None:
        take(cast, Entry("email", "a@x.test"), Entry("email", "b@x.test"))
        other = find_or_create_lead(workspace=cast.acme, identities=[(IdentityKind.PHONE, "+4930123456")], now=NOON)
        add_identity(lead=cast.davi, kind="email", value="A@x.test", user=cast.bruno, now=NOON)
        change_profile(lead=other, changes={"email": "b@x.test"}, user=cast.bruno, now=NOON)
        assert Hold.objects.filter(kind="unsubscribed", released_at=None).count() == 2

    def test_another_workspace_keeps_its_own_list(self, cast: Cast) -> None:
        take(cast, Entry("phone", "+4930123456"))
        with workspace_scope(cast.other):
            lead = find_or_create_lead(workspace=cast.other, identities=[(IdentityKind.PHONE, "+4930123456")], now=NOON)
            assert holds_in_force(lead.pk, NOON) == []

    def test_a_list_of_many_is_taken_in_whole(self, cast: Cast, django_assert_max_num_queries: Any) -> None:
        entries = [Entry("phone", f"+55119{number:08}") for number in range(25_000)]
        with django_assert_max_num_queries(12):
            taken = take(cast, *entries)
        assert taken.added == 25_000

    def test_what_is_written_out_can_be_read_again(self, cast: Cast) -> None:
        take(cast, Entry("phone", DAVIS_PHONE, "=angry"), Entry("email", "a@x.test"))
        header, *rows = write_list(cast.acme)
        read = read_list("\n".join(",".join(row) for row in [header, *rows]))
        assert read.entries == [Entry("phone", DAVIS_PHONE, "'=angry"), Entry("email", "a@x.test")]


@pytest.mark.django_db
class TestCommands:
    def test_a_file_is_previewed_and_taken_in(self, cast: Cast, tmp_path: Any) -> None:
        path = tmp_path / "list.csv"
        path.write_text(f"phone,email\n{DAVIS_PHONE},\n,wrong\n")
        flags = ["import_suppressions", "--workspace=acme", f"--file={path}", "--source=old"]
        preview = run_json(*flags, "--preview")
        assert (preview["read"], preview["wrong"], preview["added"]) == (1, 1, None)
        assert not Suppression.objects.exists()
        assert run_json(*flags)["added"] == 1
        assert run_json(*flags)["known"] == 1

    def test_what_cannot_be_read_is_named(self, cast: Cast, tmp_path: Any) -> None:
        assert "file: " in refusal("import_suppressions", "--workspace=acme", "--file=/nowhere", "--source=x")
        path = tmp_path / "empty.csv"
        path.write_text("")
        assert "is empty" in refusal("import_suppressions", "--workspace=acme", f"--file={path}", "--source=x")

    def test_the_ledger_is_written_out(self, cast: Cast) -> None:
        agrees(cast.davi)
        rows = run_json("export_consent", "--workspace=acme")
        assert [(row["channel"], row["state"], row["proof"]) for row in rows] == [(WHATSAPP, "granted", "news")]
        assert Consent.objects.count() == 1
