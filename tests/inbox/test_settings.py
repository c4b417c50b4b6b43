"""The settings screens: who may open them, what they change, what they refuse and in which words."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from agents.models import KnowledgeEntry
from crm.models import Membership, Role, User, Workspace
from handover.models import CalendlyConnection, Holiday, OpeningHours
from handover.services.policies import policy_of
from messaging.models import Channel
from project.kernel.scope import across_workspaces, workspace_scope
from tests.cast import PASSWORD, TWILIO, Cast, gather_cast, join

pytestmark = pytest.mark.django_db

SCREENS = [
    "settings",
    "settings_handover",
    "settings_hours",
    "settings_channels",
    "settings_calendly",
    "settings_knowledge",
    "settings_model",
    "settings_members",
    "settings_tokens",
    "settings_add_entry",
]


@pytest.fixture
def cast() -> Cast:
    return gather_cast()


class Screen:
    """Somebody at Acme's settings."""

    def __init__(self, user: User) -> None:
        self.client = Client()
        self.client.force_login(user)

    def open(self, name: str, /, *args: Any, **query: str) -> Any:
        return self.client.get(url(name, *args), query)

    def submit(self, name: str, /, *args: Any, **values: Any) -> Any:
        return self.client.post(url(name, *args), values)


def url(name: str, *args: Any) -> str:
    return reverse(f"inbox:{name}", args=["acme", *args])


def refusal(response: Any, said: str) -> None:
    assert response.status_code == 422
    assert said in response.content.decode()


# -- who may -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SCREENS)
def test_owners_and_managers_open_every_screen(cast: Cast, name: str) -> None:
    manager = join(cast.acme, "marta@acme.test", Role.MANAGER)
    assert Screen(cast.ana).open(name).status_code == 200
    assert Screen(manager).open(name).status_code == 200


@pytest.mark.parametrize("name", SCREENS)
def test_sales_and_viewers_may_not_and_strangers_find_nothing(cast: Cast, name: str) -> None:
    assert Screen(cast.bruno).open(name).status_code == 403
    assert Screen(cast.vera).open(name).status_code == 403
    assert Screen(cast.clara).open(name).status_code == 404
    assert Client().get(url(name)).status_code == 302


def test_rows_of_another_workspace_are_not_found(cast: Cast) -> None:
    with workspace_scope(cast.other):
        entry = KnowledgeEntry.objects.create(workspace=cast.other, question="Theirs?", answer="Theirs.")
        holiday = Holiday.objects.create(workspace=cast.other, date="2026-12-25")
        member = Membership.objects.get()
    ana = Screen(cast.ana)
    assert ana.open("settings_entry", entry.pk).status_code == 404
    assert ana.submit("settings_remove_entry", entry.pk).status_code == 404
    assert ana.submit("settings_remove_holiday", holiday.pk).status_code == 404
    assert ana.submit("settings_remove_member", member.pk).status_code == 404


# -- general -------------------------------------------------------------------------------------------------------

GENERAL = {"name": "Acme", "timezone": "America/Sao_Paulo", "debounce_seconds": "2", "doubt_minutes": "10"}


def test_general_settings_are_saved(cast: Cast) -> None:
    answer = Screen(cast.ana).submit(
        "settings",
        **GENERAL | {"name": "Acme Ltda", "booking_url": "https://acme.test/call", "auto_return_minutes": "30"},
    )
    assert answer.status_code == 302
    cast.acme.refresh_from_db()
    assert (cast.acme.name, cast.acme.auto_return_minutes) == ("Acme Ltda", 30)
    assert cast.acme.booking_url == "https://acme.test/call"


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("timezone", "Mars/Olympus", "“Mars/Olympus” is not an IANA time zone"),
        ("timezone", "../etc/passwd", "is not an IANA time zone"),
        ("booking_url", "not an address", "Enter a valid URL"),
        ("booking_url", "javascript:alert(1)", "Enter a valid URL"),
        ("debounce_seconds", "-1", "greater than or equal to 0"),
        ("debounce_seconds", "nan", "Enter a number"),
        ("auto_return_minutes", "0", "greater than or equal to"),
        ("doubt_minutes", "0.5", "greater than or equal to 1"),
        ("name", "", "This field is required"),
        ("name", "a\x00b", "Null characters are not allowed"),
    ],
)
def test_a_wrong_general_value_is_refused_beside_its_field(cast: Cast, name: str, value: str, said: str) -> None:
    refusal(Screen(cast.ana).submit("settings", **GENERAL | {name: value}), said)
    cast.acme.refresh_from_db()
    assert cast.acme.name == "Acme"


# -- handover ------------------------------------------------------------------------------------------------------


def policy_values(workspace: Workspace, **changed: Any) -> dict[str, Any]:
    with workspace_scope(workspace):
        policy = policy_of(workspace)
    names = [field.name for field in policy._meta.fields if field.name.endswith(("_minutes", "_factor", "_text"))]
    return {name: getattr(policy, name) for name in names} | changed


def test_the_ladder_is_saved_in_fractions_too(cast: Cast) -> None:
    seconds = {"alert_minutes": 0.25, "update_minutes": 0.5, "bridge_minutes": 0.75, "resume_minutes": 1}
    answer = Screen(cast.ana).submit("settings_handover", **policy_values(cast.acme, **seconds))
    assert answer.status_code == 302
    with workspace_scope(cast.acme):
        assert str(policy_of(cast.acme)) == "0.25/0.5/0.75/1 min"


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"update_minutes": 10}, "10 does not come after 15"),
        ({"alert_minutes": 0}, "0 is not between 0 and"),
        ({"resume_minutes": 1e9}, "is not between 0 and"),
        ({"bridge_minutes": "soon"}, "Enter a number"),
        ({"urgent_factor": 3}, "less than or equal to 1"),
        ({"update_text": "Hi {nmae}"}, "{nmae} is not known"),
        ({"bridge_text": "Pick a time."}, "{link} is missing"),
        ({"resume_text": ""}, "This field is required"),
    ],
)
def test_a_wrong_ladder_value_is_refused_with_the_reason(cast: Cast, changed: dict[str, Any], said: str) -> None:
    refusal(Screen(cast.ana).submit("settings_handover", **policy_values(cast.acme, **changed)), said)
    with workspace_scope(cast.acme):
        assert str(policy_of(cast.acme)) == "15/30/45/60 min"


# -- hours ---------------------------------------------------------------------------------------------------------


def test_hours_are_written_as_people_write_them(cast: Cast) -> None:
    ana = Screen(cast.ana)
    lines = {"0": "9-12:30, 14:00–18h00", "4": "09:00 to 24:00"}
    assert ana.submit("settings_hours", when="hours", **lines).status_code == 302
    with workspace_scope(cast.acme):
        assert [str(row) for row in OpeningHours.objects.order_by("weekday", "opens")] == [
            "Monday 09:00–12:30",
            "Monday 14:00–18:00",
            "Friday 09:00–00:00",
        ]
    assert "09:00–12:30, 14:00–18:00" in ana.open("settings_hours").content.decode()


def test_around_the_clock_means_no_hours_at_all(cast: Cast) -> None:
    ana = Screen(cast.ana)
    ana.submit("settings_hours", when="hours", **{"0": "9-18"})
    assert ana.submit("settings_hours", when="always", **{"0": "9-18"}).status_code == 302
    with workspace_scope(cast.acme):
        assert not OpeningHours.objects.exists()


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ({"0": "morning"}, "“morning” is not like 09:00–18:00"),
        ({"0": "25:00-26:00"}, "“25:00-26:00” is not like"),
        ({"1": "22:00-06:00"}, "write 22:00–00:00 here and the rest on the next day"),
        ({"2": "9-12, 11-13"}, "11:00–13:00 overlaps 09:00–12:00"),
        ({}, "Give the hours of at least one day"),
    ],
)
def test_hours_that_make_no_sense_are_refused_and_the_old_ones_stay(
    cast: Cast, lines: dict[str, str], said: str
) -> None:
    ana = Screen(cast.ana)
    ana.submit("settings_hours", when="hours", **{"6": "9-10"})
    refusal(ana.submit("settings_hours", when="hours", **lines), said)
    with workspace_scope(cast.acme):
        assert OpeningHours.objects.count() == 1


def test_a_closed_day_is_added_once_and_removed(cast: Cast) -> None:
    ana = Screen(cast.ana)
    ana.submit("settings_add_holiday", date="2026-12-25", name="Christmas")
    refusal(ana.submit("settings_add_holiday", date="2026-12-25"), "25 December 2026 is a closed day already")
    refusal(ana.submit("settings_add_holiday", date="someday"), "Enter a valid date")
    with workspace_scope(cast.acme):
        ana.submit("settings_remove_holiday", Holiday.objects.get().pk)
        assert not Holiday.objects.exists()


# -- channels ------------------------------------------------------------------------------------------------------


def test_a_web_chat_is_connected_and_its_snippet_shown(cast: Cast) -> None:
    ana = Screen(cast.ana)
    assert ana.submit("settings_add_channel", "webchat", name="Site", title="Acme", greeting="Hello").status_code == 302
    with workspace_scope(cast.acme):
        chat = Channel.objects.get(kind="webchat")
    page = ana.open("settings_channels").content.decode()
    assert f"/chat/{chat.token}/widget.js&quot; async&gt;&lt;/script&gt;" in page
    assert f"/hooks/whatsapp_twilio/{cast.channel.token}/inbound/" in page


def test_a_secret_is_never_shown_again_and_stays_when_left_empty(cast: Cast) -> None:
    ana = Screen(cast.ana)
    page = ana.open("settings_channel", cast.channel.pk).content.decode()
    assert TWILIO["auth_token"] not in page
    assert TWILIO["sender"] in page
    changed = {name: value for name, value in TWILIO.items() if name != "auth_token"}
    assert ana.submit("settings_channel", cast.channel.pk, name="Vendas", **changed).status_code == 302
    with workspace_scope(cast.acme):
        channel = Channel.objects.get(pk=cast.channel.pk)
    assert (channel.name, channel.secrets["auth_token"]) == ("Vendas", TWILIO["auth_token"])


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"account_sid": "AC12"}, "must be AC followed by 32 hexadecimal digits"),
        ({"sender": "+14155238886"}, "must be whatsapp:+"),
        ({"auth_token": ""}, "This field is required"),
        ({"public_base_url": "ftp://x"}, "must be an http or https address"),
        ({}, "is already connected"),
    ],
)
def test_wrong_channel_settings_are_refused_beside_their_field(cast: Cast, changed: dict[str, str], said: str) -> None:
    given = TWILIO | {"api_base": "http://127.0.0.1:9"} | changed  # nobody listens there
    refusal(Screen(cast.ana).submit("settings_add_channel", "whatsapp_twilio", name="Again", **given), said)
    with workspace_scope(cast.acme):
        assert Channel.objects.count() == 1


def test_an_unknown_kind_of_channel_is_not_found(cast: Cast) -> None:
    assert Screen(cast.ana).open("settings_add_channel", "carrier_pigeon").status_code == 404


def test_a_paused_channel_says_why_and_can_send_again(cast: Cast) -> None:
    with workspace_scope(cast.acme):
        Channel.objects.update(paused_at=cast.acme.created_at, paused_reason="Twilio blocked this sender")
    ana = Screen(cast.ana)
    assert "Twilio blocked this sender" in ana.open("settings_channels").content.decode()
    ana.submit("settings_resume_channel", cast.channel.pk)
    with workspace_scope(cast.acme):
        assert Channel.objects.get().paused_at is None


# -- Calendly ------------------------------------------------------------------------------------------------------

CALENDLY = {"token": "pat-1", "event_type": "https://api.calendly.com/event_types/A", "signing_key": "key-1"}


def test_calendly_is_connected_and_disconnected(cast: Cast) -> None:
    ana = Screen(cast.ana)
    assert ana.submit("settings_calendly", **CALENDLY).status_code == 302
    with workspace_scope(cast.acme):
        connection = CalendlyConnection.objects.get()
    page = ana.open("settings_calendly").content.decode()
    assert f"/hooks/calendly/{connection.door_token}/" in page
    assert "pat-1" not in page
    ana.submit("settings_disconnect_calendly")
    with workspace_scope(cast.acme):
        assert not CalendlyConnection.objects.exists()


def test_a_wrong_calendly_value_is_refused(cast: Cast) -> None:
    refusal(Screen(cast.ana).submit("settings_calendly", **CALENDLY | {"event_type": "A"}), "must be an http or https")


# -- knowledge -----------------------------------------------------------------------------------------------------


def test_an_entry_is_added_tried_changed_and_removed(cast: Cast) -> None:
    ana = Screen(cast.ana)
    ana.submit("settings_add_entry", question="How much is delivery?", answer="Delivery is free.", is_active="on")
    with workspace_scope(cast.acme):
        entry = KnowledgeEntry.objects.get()
    assert "Delivery is free." in ana.open("settings_knowledge", text="what does delivery cost").content.decode()
    ana.submit("settings_entry", entry.pk, question=entry.question, answer="Ten reais.", is_active="on")
    assert "Ten reais." in ana.open("settings_knowledge", text="delivery").content.decode()
    ana.submit("settings_remove_entry", entry.pk)
    assert "None yet" in ana.open("settings_knowledge").content.decode()


def test_a_question_that_nothing_answers_says_what_would_happen(cast: Cast) -> None:
    page = Screen(cast.ana).open("settings_knowledge", text="<b>quantum</b>").content.decode()
    assert "Nothing here answers" in page
    assert "<b>quantum</b>" not in page


# -- members -------------------------------------------------------------------------------------------------------


def test_somebody_is_added_and_can_sign_in(cast: Cast) -> None:
    Screen(cast.ana).submit(
        "settings_members", email="Nina@acme.test", name="Nina", role="sales", password="a fresh passphrase"
    )
    assert Client().login(email="nina@acme.test", password="a fresh passphrase")


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"password": "short"}, "too short"),
        ({"email": "nobody"}, "Enter a valid email address"),
        ({"role": "emperor"}, "emperor is not one of the available choices"),
    ],
)
def test_a_wrong_member_is_refused(cast: Cast, changed: dict[str, str], said: str) -> None:
    values = {"email": "nina@acme.test", "role": "sales", "password": PASSWORD}
    refusal(Screen(cast.ana).submit("settings_members", **values | changed), said)
    assert not User.objects.filter(email="nina@acme.test").exists()


def test_the_last_owner_stays(cast: Cast) -> None:
    ana, me = Screen(cast.ana), membership(cast.ana)
    ana.submit("settings_member_role", me.pk, role="viewer")
    ana.submit("settings_remove_member", me.pk)
    assert membership(cast.ana).role == "owner"


def test_a_manager_makes_no_owner_and_changes_none(cast: Cast) -> None:
    manager = Screen(join(cast.acme, "marta@acme.test", Role.MANAGER))
    manager.submit("settings_member_role", membership(cast.bruno).pk, role="owner")
    manager.submit("settings_member_role", membership(cast.ana).pk, role="viewer")
    refusal(manager.submit("settings_members", email="x@acme.test", role="owner", password=PASSWORD), "Only an owner")
    assert membership(cast.bruno).role == "sales"
    assert membership(cast.ana).role == "owner"


def test_a_manager_does_not_take_an_owner_down_by_adding_them_again(cast: Cast) -> None:
    manager = Screen(join(cast.acme, "marta@acme.test", Role.MANAGER))
    refusal(manager.submit("settings_members", email="ANA@acme.test", role="viewer"), "works here already")
    assert membership(cast.ana).role == "owner"


def test_a_role_is_changed_and_a_member_removed(cast: Cast) -> None:
    ana = Screen(cast.ana)
    ana.submit("settings_member_role", membership(cast.bruno).pk, role="manager")
    assert membership(cast.bruno).role == "manager"
    ana.submit("settings_remove_member", membership(cast.bruno).pk)
    assert Screen(cast.bruno).open("settings").status_code == 404


def membership(user: User) -> Membership:
    with across_workspaces():
        return Membership.objects.get(user=user)


# -- tokens --------------------------------------------------------------------------------------------------------


def test_a_token_is_shown_once_opens_the_api_and_can_be_revoked(cast: Cast) -> None:
    ana = Screen(cast.ana)
    token = ana.submit("settings_tokens").context["created"]
    assert len(token) == 64
    assert token not in ana.open("settings_tokens").content.decode()
    ana.submit("settings_revoke_token", cast.ana.auth_token_set.get().digest)
    assert not cast.ana.auth_token_set.exists()
