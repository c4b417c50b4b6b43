"""The gate's whole table: window × template × consent × category × hold × quiet hours × cap × voice, every cell.

The oracle beside it is a list of sentences in the order in which a lawyer would ask them; it shares no line with the
gate. What else the gate knows (epochs, senders, lengths) is in `test_gate.py` and `tests/properties/test_gate.py`.
"""

from collections import Counter
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import product

import pytest

from messaging import gate
from messaging.gate import Facts, decide
from tests.cast import NOON

HOUR = timedelta(hours=1)
PLAIN = Facts(NOON, voice="ai", purpose="service", epoch=1, floor_epoch=1, floor_holder="primary", has_window=True)

WINDOWS = {
    "open": {"window_closes_at": NOON + HOUR},
    "closed": {"window_closes_at": NOON - HOUR},
    "for people": {"window_closes_at": NOON - HOUR, "human_window_closes_at": NOON + HOUR},
    "none": {"has_window": False},
}
TEMPLATES = ("", "approved", "pending", "rejected", "paused", "disabled", "gone")
CATEGORIES = ("utility", "marketing")
CONSENTS = ("given", "never", "withdrawn")
HOLDS = ((), ("in_conversation",), ("unsubscribed",))
VOICES = ("ai", "human", "bridge", "marketing")


@dataclass(frozen=True, slots=True)
class Cell:
    window: str
    template: str
    always: bool
    category: str
    consent: str
    hold: tuple[str, ...]
    is_night: bool
    is_full: bool
    voice: str
    purpose: str

    @property
    def facts(self) -> Facts:
        return replace(
            PLAIN,
            **WINDOWS[self.window],
            voice=self.voice,
            purpose=self.purpose,
            template=self.template,
            template_name="order_update" if self.template else "",
            template_category=self.category if self.template else "",
            template_always=self.always,
            marketing_consent=self.consent == "given",
            opted_out_at=NOON - HOUR if self.consent == "withdrawn" else None,
            holds=self.hold,
            quiet_until=NOON + HOUR if self.is_night else None,
            cap_frees_at=NOON + 2 * HOUR if self.is_full else None,
        )


CELLS = [
    Cell(*values)
    for values in product(
        WINDOWS, TEMPLATES, (False, True), CATEGORIES, CONSENTS, HOLDS, (False, True), (False, True), VOICES,
        ("service", "marketing"),
    )
    if values[1] or not (values[2] or values[3] == "marketing")  # without a template there is no category of one
]  # fmt: skip


def expected(cell: Cell) -> str:
    """The code of the first objection."""
    may_write = cell.window in ("open", "none") or (cell.window == "for people" and cell.voice == "human")
    sends_template = cell.template != "" and (cell.always or not may_write)
    if cell.consent == "withdrawn":
        return "opted_out"
    if objection := unwelcome(cell, sends_template):
        return objection
    if not may_write and not cell.template:
        return "window_closed"
    if sends_template and cell.template != "approved":
        bad = {"pending": "template_not_approved", "paused": "template_paused"}
        return bad.get(cell.template, "template_stopped")
    if cell.purpose == "marketing" and (cell.is_night or cell.is_full):
        return "quiet_hours" if cell.is_night else "frequency_cap"
    return "clear"


def unwelcome(cell: Cell, sends_template: bool) -> str:
    is_campaign = cell.purpose == "marketing"
    if not is_campaign and not (sends_template and cell.category == "marketing"):
        return ""
    if cell.consent == "never":
        return "no_consent"
    return "held" if cell.hold == ("unsubscribed",) or (cell.hold and is_campaign) else ""


WAITS = {"quiet_hours", "frequency_cap"}


def test_every_cell_of_the_table() -> None:
    wrong = [(cell, decide(cell.facts).code, expected(cell)) for cell in CELLS if disagrees(cell)]
    assert not wrong, f"{len(wrong)} of {len(CELLS)}, such as {wrong[0]}"


def disagrees(cell: Cell) -> bool:
    return decide(cell.facts).code != expected(cell)


def test_the_table_is_whole_and_reaches_every_answer() -> None:
    assert len(CELLS) == len(set(CELLS)) == 4 * (1 + 6 * 2 * 2) * 3 * 3 * 2 * 2 * 4 * 2
    assert set(Counter(expected(cell) for cell in CELLS)) == {
        "clear", "opted_out", "no_consent", "held", "window_closed", "template_not_approved", "template_stopped",
        "template_paused", "quiet_hours", "frequency_cap",
    }  # fmt: skip


def test_what_waits_has_an_end_and_what_is_refused_has_none() -> None:
    for cell in CELLS:
        verdict = decide(cell.facts)
        is_waiting = verdict.code in WAITS or (verdict.code == "template_paused" and cell.purpose == "marketing")
        assert (verdict.until is not None) == is_waiting
        assert verdict.until is None or verdict.until > NOON


def test_a_message_leaves_as_a_template_exactly_where_free_text_may_not_or_it_was_chosen() -> None:
    for cell in CELLS:
        verdict = decide(cell.facts)
        if verdict.outcome == "allow":
            may_write = cell.window in ("open", "none") or (cell.window == "for people" and cell.voice == "human")
            assert verdict.as_template == (cell.template != "" and (cell.always or not may_write))


@pytest.mark.parametrize(
    "rule", ["_consent", "_marketing", "_window", "_template", "_template_pause", "_quiet", "_cap"]
)
def test_a_gate_without_one_of_its_rules_fails_the_table(rule: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, rule, lambda facts: None)
    assert any(disagrees(cell) for cell in CELLS)
