"""Alerting people: once for each fact, by e-mail that is tried again, with subjects that cannot be forged."""

import pytest
from django.core import mail

from agents.alerts import alert_staff
from agents.models import StaffAlert
from crm.models import Role
from messaging.services.channels import pause_channel, resume_channel
from project.kernel.scope import workspace_scope
from tests.cast import join
from tests.journeys.world import World


@pytest.fixture
def greeted(world: World) -> World:
    world.davi_says("Hello")
    return world


def alert(world: World, key: str = "k", headline: str = "Davi asks for a person", **more: object) -> int:
    with workspace_scope(world.acme):
        return alert_staff(
            conversation=world.conversation,
            headline=headline,
            text="Please look.",
            key=key,
            now=world.now,
            **more,  # type: ignore[arg-type]
        )


def test_the_team_is_mailed_once_for_each_key(greeted: World) -> None:
    assert alert(greeted) == 2
    alert(greeted)
    greeted.settle()
    assert sorted(letter.to[0] for letter in mail.outbox) == ["ana@acme.test", "bruno@acme.test"]
    assert f"/w/acme/conversations/{greeted.conversation.pk}/" in mail.outbox[0].body


def test_viewers_marketers_and_people_who_left_are_not_mailed(greeted: World) -> None:
    join(greeted.acme, "vera@acme.test", Role.VIEWER)
    join(greeted.acme, "max@acme.test", Role.MARKETER)
    greeted.bruno.is_active = False
    greeted.bruno.save()
    assert alert(greeted) == 1


def test_some_roles_only(greeted: World) -> None:
    assert alert(greeted, roles=(Role.SALES,)) == 1


@pytest.mark.parametrize("headline", ["Davi\nBcc: x@x.test", "Davi\r\n\r\nbody", "Davi\u2028x\x85y", "x" * 999])
def test_a_name_cannot_break_the_subject(greeted: World, headline: str) -> None:
    alert(greeted, headline=headline)
    greeted.settle()
    assert len(mail.outbox) == 2
    assert all(len(letter.subject) <= 200 and "\n" not in letter.subject for letter in mail.outbox)
    assert all(letter.bcc == [] for letter in mail.outbox)


def test_a_mail_server_that_is_away_is_asked_again(greeted: World, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("django.core.mail.backends.locmem.EmailBackend.send_messages", refuse)
        alert(greeted)
        greeted.settle()
        assert mail.outbox == []
    greeted.wait(seconds=10)
    assert len(mail.outbox) == 2
    with workspace_scope(greeted.acme):
        assert StaffAlert.objects.filter(error="").count() == 2


def test_after_five_refusals_the_alert_stays_with_its_error(greeted: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("django.core.mail.backends.locmem.EmailBackend.send_messages", refuse)
    alert(greeted, roles=(Role.SALES,))
    for _ in range(7):
        greeted.wait(minutes=10)
    with workspace_scope(greeted.acme):
        left = StaffAlert.objects.get()
    assert (left.attempts_made, left.due_at) == (5, None)
    assert "away" in left.error


def test_the_team_hears_of_words_that_did_not_arrive(world: World) -> None:
    world.twilio.fault("error", code=63016)
    world.davi_says("Hello")
    assert {letter.subject for letter in mail.outbox} == {"A message to Davi did not arrive"}
    assert len(mail.outbox) == 2
    world.wait(minutes=5)
    assert len(mail.outbox) == 2


def test_the_team_hears_of_words_that_came_too_late_for_the_window(greeted: World) -> None:
    with workspace_scope(greeted.acme):
        pause_channel(channel=greeted.channel, user=greeted.bruno, reason="Moving to another number", now=greeted.now)
    greeted.davi_says("What does it cost?")
    greeted.wait(hours=25)
    with workspace_scope(greeted.acme):
        resume_channel(channel=greeted.channel, user=greeted.bruno, now=greeted.now)
    greeted.settle()
    about = [letter.subject for letter in mail.outbox if "window" in letter.subject]
    assert about == ["A message to Davi came too late for the service window"] * 2


def test_words_of_which_nobody_could_be_told_stand_before_no_others(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agents.lost_words.alert_staff", refuse)
    world.twilio.fault("error", code=63016)
    world.davi_says("Hello")
    monkeypatch.undo()
    world.twilio.fault("error", code=63016)
    world.davi_says("Hello again")
    assert len(mail.outbox) == 2
    world.wait(minutes=1)
    assert len(mail.outbox) == 4


def refuse(*args: object) -> None:
    raise ConnectionError("the mail server is away")
