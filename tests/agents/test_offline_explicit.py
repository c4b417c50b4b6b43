"""What a customer says outright, in every language of the phrase books, and what only sounds like it."""

from pathlib import Path

import pytest

from agents.reasoning.explicit import read_explicit

SAYINGS = Path(__file__).parent / "sayings"


def sayings(name: str) -> list[str]:
    """One a line; a line break within one is written \\n."""
    lines = (SAYINGS / f"{name}.txt").read_text("utf-8").splitlines()
    return [line.replace("\\n", "\n").replace("\\u200b", "\u200b") for line in lines]


@pytest.mark.parametrize("text", sayings("person_wanted"))
def test_a_request_for_a_person_is_heard(text: str) -> None:
    assert read_explicit(text).wants_human
    assert not read_explicit(text).opt_out


@pytest.mark.parametrize("text", sayings("no_person_wanted"))
def test_what_only_sounds_like_a_request_for_a_person_is_not_one(text: str) -> None:
    assert not read_explicit(text).wants_human, read_explicit(text).matched


@pytest.mark.parametrize("text", sayings("opted_out"))
def test_an_opt_out_is_heard(text: str) -> None:
    assert read_explicit(text).opt_out


@pytest.mark.parametrize("text", sayings("not_opted_out"))
def test_what_only_sounds_like_an_opt_out_is_not_one(text: str) -> None:
    assert not read_explicit(text).opt_out, read_explicit(text).matched


@pytest.mark.parametrize("text", ["START", "unstop", "sign me up again", "quiero volver a recibir mensajes"])
def test_an_opt_in_is_heard(text: str) -> None:
    assert read_explicit(text).opt_in


@pytest.mark.parametrize("text", ["start", "don't sign me up", "não quero receber novidades"])
def test_only_the_whole_word_opts_in(text: str) -> None:
    assert read_explicit(text).opt_in is (text == "start")


def test_it_says_what_was_heard_and_in_which_language() -> None:
    heard = read_explicit("Bom dia, quero falar com um atendente")
    assert heard.matched == "quero falar com um atendente"
    assert heard.language == "pt"


@pytest.mark.parametrize("text", ["", " ", "\x00", "\ud800", "🙂" * 50, "?!.,", "\n\n"])
def test_strange_texts_say_nothing(text: str) -> None:
    heard = read_explicit(text)
    assert not (heard.wants_human or heard.opt_out or heard.opt_in)


def test_a_wish_at_the_end_of_a_huge_text_is_heard() -> None:
    assert read_explicit("blah blah. " * 20_000 + "I want to talk to a human").wants_human
