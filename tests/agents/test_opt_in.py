"""Agreeing to news: by the workspace's own word, by the link of a first mail; and what is said about it, once."""

from collections.abc import Iterator
from typing import Any

import pytest

from agents.primary.texts import PHRASES, phrase
from crm.models import Consent
from crm.services.consent import consent_state
from crm.services.opt_in import confirmation_url
from crm.services.policies import change_people_policy, is_opt_in_keyword
from inbox.public.words import SPOKEN
from messaging import floor
from messaging.models import Channel, Message, ServiceWindow
from messaging.services import opt_in
from messaging.services.opt_in import CannotAsk, ask_for_opt_in
from messaging.services.opt_in_words import opt_in_words
from project.kernel.scope import workspace_scope
from tests.cast import NOON
from tests.journeys.world import World

WHATSAPP = "whatsapp_twilio"


@pytest.fixture
def news(world: World) -> Iterator[World]:
    with workspace_scope(world.acme):
        change_people_policy(
            workspace=world.acme, keywords=["NEWS"], opt_in_text="News once a month.", double_opt_in=True,
            merges_by_rule=False,
        )  # fmt: skip
    yield world


def marketing(world: World) -> str | None:
    with workspace_scope(world.acme):
        return consent_state(world.conversation.lead_id, WHATSAPP, "marketing")


def test_the_word_alone_agrees_is_confirmed_once_and_keeps_what_was_read(news: World) -> None:
    news.davi_says("Hello")
    assert marketing(news) is None
    for _ in range(2):
        news.davi_says("News!")
    assert marketing(news) == "granted"
    assert len([text for text in news.heard() if "news and offers" in text]) == 1
    with workspace_scope(news.acme):
        line = Consent.objects.get(purpose="marketing")
    assert (line.source, line.proof, line.text_shown) == ("keyword", "News!", "News once a month.")


@pytest.mark.parametrize("text", ["What is news?", "No news please", "Is there any news about my order?"])
def test_the_word_inside_a_sentence_agrees_to_nothing(news: World, text: str) -> None:
    news.davi_says(text)
    assert marketing(news) != "granted"


def test_stop_counts_more_than_the_word_before_it(news: World) -> None:
    news.davi_says("NEWS")
    news.davi_says("STOP")
    assert marketing(news) == "withdrawn"
    assert "no more messages" in news.heard()[-1]


def test_a_word_of_another_workspace_means_nothing_here(news: World) -> None:
    with workspace_scope(news.acme):
        assert is_opt_in_keyword(news.acme.pk, " news ")
        assert not is_opt_in_keyword(news.acme.pk + 1, "news")


@pytest.mark.parametrize("language", SPOKEN)
def test_every_confirmation_is_said_in_every_language(language: str) -> None:
    for name, texts in PHRASES.items():
        assert set(texts) == set(SPOKEN)
        assert phrase(name, f"{language}-XX") == texts[language]
    mail = opt_in_words(language, company="Acme {link}", link="https://x.test")
    assert mail.count("https://x.test") == 1
    assert "Acme {link}" in mail


# -- double opt-in, on whatever kind of channel mails travel ---------------------------------------------------------


@pytest.fixture
def mailbox(world: World, monkeypatch: Any) -> Channel:
    """A channel without a window stands for the one of e-mail."""
    monkeypatch.setattr(opt_in, "EMAIL", "telegram")
    world.davi_says("Hello")
    with workspace_scope(world.acme):
        channel = Channel.objects.create(workspace=world.acme, kind="telegram", name="Mail")
        ServiceWindow.objects.create(
            workspace=world.acme, conversation=world.conversation, channel=channel, address="d@x.test", opened_at=NOON
        )
    return channel


def ask(world: World) -> Consent | None:
    with workspace_scope(world.acme):
        return ask_for_opt_in(
            lead=world.conversation.lead, source="phone", reason="newsletter", user=world.bruno, now=world.now
        )


def test_the_mail_is_queued_on_its_channel_with_a_link(world: World, mailbox: Channel) -> None:
    pending = ask(world)
    assert pending is not None
    with workspace_scope(world.acme):
        mail = Message.objects.get(intent_key=f"opt-in:{pending.pk}")
        assert consent_state(mail.lead_id, "telegram", "marketing") == "pending"
    assert (mail.channel, mail.status, mail.author) == (mailbox, "queued", world.bruno)
    assert confirmation_url(pending, base_url="http").partition("/p/")[2] in mail.body


def test_nobody_is_interrupted_for_it(world: World, mailbox: Channel) -> None:
    floor.acquire(workspace_id=world.acme.pk, lead_id=world.conversation.lead_id, holder="bridge")
    with pytest.raises(CannotAsk, match="is being spoken to"):
        ask(world)
    with workspace_scope(world.acme):
        assert not Consent.objects.exists()
    world.bruno_takes_over()
    assert ask(world) is not None
