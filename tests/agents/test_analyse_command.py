"""`manage.py analyse` and its sisters, as processes: lines in, lines out."""

import io
import json
import sys
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from agents.management.commands import evaluate_analyst


class Stdin:
    def __init__(self, lines: bytes) -> None:
        self.buffer = io.BytesIO(lines)


def analyse(monkeypatch: pytest.MonkeyPatch, lines: bytes, *arguments: str) -> list[dict[str, Any]]:
    monkeypatch.setattr(sys, "stdin", Stdin(lines))
    told = io.StringIO()
    call_command("analyse", "--jsonl", *arguments, stdout=told)
    return [json.loads(line) for line in told.getvalue().splitlines()]


def test_each_line_gains_what_it_means_and_keeps_what_it_had(monkeypatch: pytest.MonkeyPatch) -> None:
    [told] = analyse(monkeypatch, b'{"text": "lose my number", "id": 7}\n')
    assert told["id"] == 7
    assert (told["opt_out"], told["wants_human"], told["intent"], told["route"]) == (
        True,
        False,
        "opt_out",
        "automated",
    )
    gained = {"priority", "sentiment", "urgency", "language", "confidence", "tier"}
    assert gained <= told.keys()


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b"nope", "not JSON"),
        (b"[1]", "expected an object, got list"),
        (b'{"text": 5}', "text: expected a string, got int"),
        (b"{}", "text: expected a string, got NoneType"),
        (b'{"text": "x", "lang": 3}', "lang: expected a string"),
        (b"\xff\xfe", "not JSON"),
        (b"[" * 100_000, "not JSON"),
    ],
)
def test_a_bad_line_says_why_and_the_next_one_is_read(monkeypatch: pytest.MonkeyPatch, line: bytes, why: str) -> None:
    bad, good = analyse(monkeypatch, line + b'\n\n{"text": "STOP"}\n')
    assert why in bad["error"]
    assert good["opt_out"]


def test_the_full_tier_without_a_model_is_the_offline_one(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    settings.OPENAI_API_KEY = settings.OPENAI_BASE_URL = ""
    [told] = analyse(monkeypatch, b'{"text": "how much is it?"}\n', "--tier", "full")
    assert told["intent"] == "pricing"


def test_the_figures_are_told_as_one_document_and_written_where_people_read_them(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    page = tmp_path / "quality.md"
    page.write_text(f"before\n{evaluate_analyst.BEGIN}\nold\n{evaluate_analyst.END}\nafter\n")
    monkeypatch.setattr(evaluate_analyst, "QUALITY", page)
    told = io.StringIO()
    call_command("evaluate_analyst", "--json", "--write", stdout=told)
    figures = json.loads(told.getvalue())
    assert figures["phrases"] > 700
    written = page.read_text()
    assert "| human_request | en |" in written
    assert "old" not in written
    assert (written.startswith("before"), written.endswith("after\n")) == (True, True)


def test_whether_the_model_is_current_can_be_asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    told = io.StringIO()
    call_command("train_analyst", "--check", "--json", stdout=told)
    assert json.loads(told.getvalue())["is_current"]
    monkeypatch.setattr("agents.management.commands.train_analyst.MODEL_FILE", tmp_path / "none.npz")
    with pytest.raises(CommandError, match=r"none\.npz") as refused:
        call_command("train_analyst", "--check")
    assert refused.value.returncode == 2
