"""The gate: may this message go now? A pure function of facts; its verdict and its facts stay on the message.

It runs when a message is queued and again, with fresh facts, in the transaction that claims it for sending.
"""

from dataclasses import replace
from datetime import timedelta

from .verdicts import Facts, Outcome, Verdict

__all__ = ["Facts", "Outcome", "Verdict", "decide"]

PAUSED_SENDER_LOOK_AGAIN = timedelta(seconds=60)
PAUSED_TEMPLATE_LOOK_AGAIN = timedelta(hours=1)
WINDOW_CLOSED = "window_closed"
TOO_LONG = "too_long"
LOST = frozenset(
    {WINDOW_CLOSED, TOO_LONG, "template_not_approved", "template_paused", "template_stopped", "template_unfit"}
)
"""Refusals of which the team is told, because the customer waits for these words and nobody withheld them."""

MARKETING = "marketing"
UNSUBSCRIBED = "unsubscribed"
APPROVED = "approved"
PAUSED = "paused"

HOLD_WORDS = {
    "in_conversation": "a conversation is going on",
    "human_requested": "they asked for a person less than 24 hours ago",
    "booking_pending": "a booked call is pending",
    "in_sales_process": "they are in a sales process",
    "unsubscribed": "they unsubscribed",
}


def decide(facts: Facts) -> Verdict:
    """Allow, defer until a time, or suppress for good; the first rule that objects decides.

    What stops a message for good is asked before what only delays it: nobody waits for words that never leave.
    """
    for rule in (
        _voice, _outdated, _consent, _receiving, _marketing, _spared, _window, _template, _address, _length,
        _template_pause, _quiet, _cap, _sender, _rest,
    ):  # fmt: skip
        verdict = rule(facts)
        if verdict is not None:
            break
    else:
        verdict = Verdict(Outcome.ALLOW, "clear", "Nothing stood in the way.")
    if verdict.outcome != Outcome.SUPPRESS and leaves_as_template(facts):
        return replace(verdict, as_template=True)
    return verdict


def leaves_as_template(facts: Facts) -> bool:
    """Free text inside the window, the template outside; or the template in any case, where that is what was chosen."""
    return bool(facts.template) and (facts.template_always or not is_free_text_open(facts))


def is_free_text_open(facts: Facts) -> bool:
    """A person may write for longer, where a channel lets people do so."""
    if is_window_open(facts):
        return True
    closes_at = facts.human_window_closes_at
    return facts.voice == "human" and closes_at is not None and closes_at > facts.now


def is_window_open(facts: Facts) -> bool:
    return not facts.has_window or (facts.window_closes_at is not None and facts.window_closes_at > facts.now)


def is_promotional(facts: Facts) -> bool:
    """By what it is for, or by the category in which its template was approved and is paid for."""
    return facts.purpose == MARKETING or (leaves_as_template(facts) and facts.template_category == MARKETING)


def _voice(facts: Facts) -> Verdict | None:
    if facts.epoch == facts.floor_epoch:
        return None
    if facts.floor_holder == "human":
        return _suppress("taken_over", f"{facts.floor_person or 'A person'} had taken over the conversation.")
    if facts.voice == "human":  # giving the conversation back, or resolving it, does not unsay what they wrote
        return None
    return _suppress("stale_epoch", "The conversation had moved on to another voice.")


def _outdated(facts: Facts) -> Verdict | None:
    if facts.voice == "human" or facts.stands or facts.answers_at is None or facts.newest_inbound_at is None:
        return None
    if facts.newest_inbound_at > facts.answers_at:
        return _suppress("newer_inbound", "The customer had written again; the next reply answers both.")
    return None


def _consent(facts: Facts) -> Verdict | None:
    """After an opt-out only two things may leave: its one confirmation, and answers to what came later."""
    if facts.opted_out_at is None or facts.confirms_opt_out:
        return None
    if facts.answers_at is not None and facts.answers_at > facts.opted_out_at:
        return None
    return _suppress("opted_out", "The customer asked for no more messages here.")


def _receiving(facts: Facts) -> Verdict | None:
    if not facts.receives_only:
        return None
    return _suppress("receives_only", "This channel only receives; answers leave on another one.")


def _marketing(facts: Facts) -> Verdict | None:
    """A template of the category marketing is marketing to the customer, whatever we use it for: it needs consent.

    The holds are about our own marketing; of them only the unsubscription counts against such a template.
    """
    if not is_promotional(facts):
        return None
    if not facts.marketing_consent:
        return _suppress("no_consent", "There is no consent to marketing on this channel.")
    holds = facts.holds if facts.purpose == MARKETING else tuple(set(facts.holds) & {UNSUBSCRIBED})
    if holds:
        why = "; ".join(HOLD_WORDS.get(hold, hold) for hold in holds)
        return _suppress("held", f"{why[0].upper()}{why[1:]}.")
    return None


def _spared(facts: Facts) -> Verdict | None:
    if not (facts.is_spared_number and is_promotional(facts) and facts.has_window):
        return None
    return _suppress("us_marketing", "WhatsApp delivers no marketing to numbers of the United States.")


def _window(facts: Facts) -> Verdict | None:
    if is_free_text_open(facts) or leaves_as_template(facts):
        return None
    return _suppress(WINDOW_CLOSED, "The service window is closed; only an approved template may open it again.")


def _template(facts: Facts) -> Verdict | None:
    """Marketing waits for a paused template; words about something that is going on would come hours too late."""
    if not leaves_as_template(facts) or (facts.template == PAUSED and facts.purpose == MARKETING):
        return None
    if facts.template != APPROVED:
        code, words = TEMPLATE_WORDS.get(facts.template, ("template_stopped", "cannot be used"))
        return _suppress(code, f"The template “{facts.template_name}” {words}.")
    if facts.template_problem:
        return _suppress(
            "template_unfit", f"The template “{facts.template_name}” cannot be filled: {facts.template_problem}."
        )
    return None


TEMPLATE_WORDS = {
    "draft": ("template_not_approved", "was never submitted for approval"),
    "pending": ("template_not_approved", "has not been approved yet"),
    "rejected": ("template_stopped", "was rejected by WhatsApp"),
    PAUSED: ("template_paused", "is paused by WhatsApp for its quality"),
    "disabled": ("template_stopped", "was disabled by WhatsApp"),
    "gone": ("template_stopped", "is no longer at the provider"),
}


def _address(facts: Facts) -> Verdict | None:
    if facts.address_invalid:
        return _suppress(
            "invalid_address", f"The address does not work here: {facts.address_invalid}. Another channel may."
        )
    if leaves_as_template(facts) and not facts.has_address:
        return _suppress("no_address", "The customer has never written here, so that no address is known.")
    return None


def _length(facts: Facts) -> Verdict | None:
    """Refused, and not cut into pieces: each would cost a message, and might arrive alone or in another order."""
    if facts.max_text is None or facts.text_size <= facts.max_text or leaves_as_template(facts):
        return None
    reason = f"The text is {facts.text_size:,} long and this channel takes {facts.max_text:,}: shorten or divide it."
    return _suppress(TOO_LONG, reason)


def _template_pause(facts: Facts) -> Verdict | None:
    if not leaves_as_template(facts) or facts.template != PAUSED:
        return None
    reason = f"The template “{facts.template_name}” is paused by WhatsApp for its quality."
    until = facts.template_resumes_at
    if until is None or until <= facts.now:
        until = facts.now + PAUSED_TEMPLATE_LOOK_AGAIN
    return Verdict(Outcome.DEFER, "template_paused", reason, until)


def _quiet(facts: Facts) -> Verdict | None:
    if facts.purpose != MARKETING or facts.quiet_until is None or facts.quiet_until <= facts.now:
        return None
    return Verdict(Outcome.DEFER, "quiet_hours", "It is quiet hours where the customer lives.", facts.quiet_until)


def _cap(facts: Facts) -> Verdict | None:
    if facts.purpose != MARKETING or facts.cap_frees_at is None or facts.cap_frees_at <= facts.now:
        return None
    reason = "The customer has had as many marketing messages as the workspace allows in so many days."
    return Verdict(Outcome.DEFER, "frequency_cap", reason, facts.cap_frees_at)


def _sender(facts: Facts) -> Verdict | None:
    if not facts.sender_paused:
        return None
    until = facts.sender_resumes_at or facts.now + PAUSED_SENDER_LOOK_AGAIN
    return Verdict(Outcome.DEFER, "sender_paused", f"The sender is paused: {facts.sender_paused}", until)


def _rest(facts: Facts) -> Verdict | None:
    if facts.rests_until is None or facts.rests_until <= facts.now:
        return None
    return Verdict(Outcome.DEFER, facts.rest_code, facts.rest_reason, facts.rests_until)


def _suppress(code: str, reason: str) -> Verdict:
    return Verdict(Outcome.SUPPRESS, code, reason)
