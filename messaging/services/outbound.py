"""Queueing words: the row is written in the caller's transaction, with the gate's first verdict on it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from crm.models import User
from crm.models.consent import Purpose
from crm.services.trail import record_decision
from messaging import floor, gate
from messaging.floor import Grant
from messaging.gate import Outcome, Verdict
from messaging.models import Channel, Conversation, Message
from messaging.models.messages import Direction, MessageStatus
from project.kernel.events import kick

from .conversations import lock_conversation, next_seq
from .facts import gather_facts
from .judging import FIELDS, judge
from .links import shorten_links, store_links
from .reply_channels import reply_channel
from .template_forms import TemplateForm

PREVIEW_LENGTH = 200

_OF_INTENT = "SELECT * FROM messaging_message WHERE workspace_id = %s AND intent_key = %s"


@transaction.atomic(savepoint=False)
def queue_message(
    *,
    conversation: Conversation,
    voice: str,
    body: str,
    intent_key: str,
    grant: Grant,
    now: datetime,
    purpose: str = Purpose.SERVICE,
    answers: Message | None = None,
    author: User | None = None,
    media: Sequence[dict[str, Any]] = (),
    payload: dict[str, Any] | None = None,
    channel: Channel | None = None,
    form: TemplateForm | None = None,
) -> Message:
    """Put words under `grant` into the outbox. The same `intent_key` again gives the first message back.

    Without a `channel` they leave where the lead is answered. With a `form` a template leaves where free text may not.
    A refusal by the gate is no error: the message is stored as suppressed, with the reason.
    """
    conversation = lock_conversation(conversation)
    known = Message.objects.raw(_OF_INTENT, [conversation.workspace_id, intent_key])
    if known:
        return known[0]
    seq = next_seq(conversation)
    message = Message(
        workspace_id=conversation.workspace_id,
        conversation=conversation,
        lead_id=conversation.lead_id,
        channel=channel or reply_channel(conversation, now),
        direction=Direction.OUT,
        voice=voice,
        purpose=purpose,
        author=author,
        body=body,
        media=list(media),
        payload=payload or {},
        status=MessageStatus.QUEUED,
        position=seq,
        seq=seq,
        at=now,
        intent_key=intent_key,
        epoch=grant.epoch,
        priority=grant.priority,
        answers=answers,
        due_at=now,
        template=form.template if form else None,
        template_form=form.as_json() if form else {},
    )
    facts, verdict = judge(message, conversation, now)
    message.verdict = verdict.as_json(facts)
    _apply_verdict(message, verdict)
    links = shorten_links(message, now=now) if verdict.outcome != Outcome.SUPPRESS else []
    message.save(force_insert=True)
    store_links(links)
    _after_queueing(message, conversation, verdict, now)
    return message


def _apply_verdict(message: Message, verdict: Verdict) -> None:
    if verdict.outcome == Outcome.SUPPRESS:
        message.status = MessageStatus.SUPPRESSED
        message.due_at = None
    elif verdict.outcome == Outcome.DEFER:
        message.due_at = verdict.until


def _after_queueing(message: Message, conversation: Conversation, verdict: Verdict, now: datetime) -> None:
    if verdict.outcome == Outcome.SUPPRESS:
        record_suppression(message, verdict, now)
        return
    record_decision(
        lead=conversation.lead,
        actor=_speaker(message),
        kind="message.deferred" if verdict.outcome == Outcome.DEFER else "message.queued",
        reason=f"{_speaker(message)} {_what_is_said(message)}"
        + (f" It waits: {verdict.reason}" if verdict.outcome == Outcome.DEFER else ""),
        now=now,
        message=str(message.pk),
        epoch=message.epoch,
    )
    conversation.last_message_at = now
    conversation.last_preview = message.body[:PREVIEW_LENGTH] or f"[{_names_of_files(message)}]"[:PREVIEW_LENGTH]
    conversation.last_voice = message.voice
    conversation.save(update_fields=["last_message_at", "last_preview", "last_voice"])
    kick(_send_task())


def record_suppression(message: Message, verdict: Verdict, now: datetime) -> None:
    """Tell the trail why words will not leave, and free the floor if nothing else is on its way."""
    record_decision(
        lead=message.lead,
        actor="gate",
        kind="message.suppressed",
        reason=f"Not sent: {verdict.reason} The words were: “{message.body[:160]}”",
        now=now,
        message=str(message.pk),
        code=verdict.code,
        epoch=message.epoch,
    )
    if verdict.code in gate.LOST:  # the customer waits for words that cannot reach them any more
        Message.objects.filter(pk=message.pk).update(alert_due_at=now)
    floor.release_when_spoken(lead_id=message.lead_id, epoch=message.epoch or 0)


def suppress_stale_words(*, conversation: Conversation, now: datetime) -> int:
    """After a change of voice, withhold what is still queued under older epochs; the count of messages.

    The gate would refuse them one by one when they fall due. Doing it in the commit of the change shows at once
    that they will not leave. The conversation is locked by the caller.
    """
    queued = Message.objects.filter(lead_id=conversation.lead_id, status=MessageStatus.QUEUED, direction=Direction.OUT)
    if not queued.exists():  # nearly always, and much cheaper to ask
        return 0
    count = 0
    for message in queued.select_related("channel", "answers", "lead"):
        facts = gather_facts(message, conversation, now)
        verdict = gate.decide(facts)
        if verdict.code in ("taken_over", "stale_epoch"):
            withhold(message, verdict, facts, conversation, now)
            count += 1
    return count


def withhold(message: Message, verdict: Verdict, facts: gate.Facts, conversation: Conversation, now: datetime) -> None:
    """Suppress a queued message under the conversation's lock."""
    message.status = MessageStatus.SUPPRESSED
    message.due_at = None
    message.verdict = verdict.as_json(facts)
    message.seq = next_seq(conversation)
    message.save(update_fields=["status", "due_at", "verdict", "seq", *FIELDS])
    record_suppression(message, verdict, now)


def _what_is_said(message: Message) -> str:
    files = f"sent {_names_of_files(message)}" if message.media else ""
    words = f"wrote: “{message.body[:160]}”" if message.body or not files else ""
    return " and ".join(part for part in (files, words) if part)


def _names_of_files(message: Message) -> str:
    return ", ".join(str(item.get("file_name") or "a file") for item in message.media)


def _speaker(message: Message) -> str:
    if message.author:
        return str(message.author)
    return {"ai": "primary", "bridge": "bridge", "system": "monitor"}.get(message.voice, message.voice)


def _send_task() -> Any:
    from messaging.tasks import send_messages

    return send_messages
