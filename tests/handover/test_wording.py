"""The words of the ladder: filled from templates that people edit and names that strangers choose."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from crm.models import Lead
from handover import wording
from handover.hours import Hours, Stretch, next_opening
from handover.models import HandoverPolicy
from handover.words import SPOKEN, words_in

ENGLISH = words_in("en")
NEW_YORK = ZoneInfo("America/New_York")
WEEK = tuple(Stretch(day, time(9), time(18)) for day in range(5))
DAVI = Lead(name="Davi Souza", company="Padaria Sol")


def fill(template: str, lead: Lead = DAVI, request: str = "my contract", minutes: float = 45) -> str:
    return wording.fill(
        template, lead=lead, request=request, waited=timedelta(minutes=minutes), link="https://x.test/1"
    )


def templates() -> Iterator[tuple[str, str]]:
    for name in ("acknowledgement", "update", "bridge", "after_hours", "resume"):
        yield name, HandoverPolicy._meta.get_field(f"{name}_text").default
    for name in ("bridge_without_link", "after_hours_without_link"):
        yield name, ENGLISH[name]


@pytest.mark.parametrize("language", sorted(SPOKEN))
@pytest.mark.parametrize(("name", "template"), list(templates()))
def test_the_templates_that_come_with_a_workspace_are_filled_completely(
    name: str, template: str, language: str
) -> None:
    wording.check_template(template)
    assert "{" not in fill(template, Lead(name="Davi", company="Padaria Sol", language=language))
    assert "{" not in fill(template, Lead(name="", company="", language=language))


@pytest.mark.parametrize("language", sorted(SPOKEN))
def test_every_language_says_what_english_says(language: str) -> None:
    words = words_in(language)
    assert words.keys() == ENGLISH.keys()
    for key, text in ENGLISH.items():
        assert sorted(re.findall(r"{\w+}", words[key])) == sorted(re.findall(r"{\w+}", text)), key


@pytest.mark.parametrize(
    ("language", "wait"),
    [("", "45 minutes"), ("en", "45 minutes"), ("pt-BR", "45 minutos"), ("de", "45 Minuten"), ("ar", "45 دقيقة"),
     ("xx", "45 minutes")],
)  # fmt: skip
def test_name_company_wait_request_and_link_are_in_the_offer(language: str, wait: str) -> None:
    text = fill(ENGLISH["bridge"], Lead(name="Davi Souza", company="Padaria Sol", language=language))
    for words in ("Davi", "Padaria Sol", wait, "my contract", "https://x.test/1"):
        assert words in text


def test_what_a_workspace_wrote_itself_is_not_translated() -> None:
    assert fill("Wait{name_comma}.", Lead(name="Davi", language="de")) == "Wait, Davi."


def test_braces_in_what_a_customer_wrote_stay_text() -> None:
    assert fill("{name}: {request}", Lead(name="{link}"), "{company} {0} {") == "{link}: {company} {0} {"


def test_line_breaks_and_length_of_a_request_are_tamed() -> None:
    assert wording.quote("one\n\ntwo\tthree") == "one two three"
    assert len(wording.quote("word " * 200)) <= wording.QUOTE_LENGTH


@pytest.mark.parametrize("template", ["{unknown}", "{name!r}", "{0}", "{}", "{name} {linkk}"])
def test_an_unknown_placeholder_is_named(template: str) -> None:
    with pytest.raises(wording.UnknownPlaceholder, match="is not known"):
        wording.check_template(template)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(-5, "0 seconds"), (1, "1 second"), (89, "89 seconds"), (90, "90 seconds"), (120, "2 minutes"),
     (2700, "45 minutes"), (5400, "90 minutes"), (7200, "2 hours"), (3600 * 26, "26 hours")],
)  # fmt: skip
def test_waits_in_words(seconds: int, words: str) -> None:
    assert wording.in_words(timedelta(seconds=seconds)) == words


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=NEW_YORK).astimezone(UTC)


def back(now: str, language: str = "en", holidays: tuple[date, ...] = ()) -> str:
    hours = Hours(NEW_YORK, WEEK, frozenset(holidays))
    return wording.return_in_words(next_opening(hours, local(now)), hours, local(now), language)


@pytest.mark.parametrize(
    ("now", "language", "words"),
    [
        ("2026-11-20T07:00", "en", " and back at 09:00"),
        ("2026-11-19T19:00", "en", " and back tomorrow at 09:00"),
        ("2026-11-20T19:00", "en", " and back on Monday at 09:00"),
        ("2026-11-20T19:00", "es", " y vuelve el lunes a las 09:00"),
        ("2026-11-19T19:00", "de", " und morgen um 09:00 Uhr zurück"),
    ],
)
def test_when_the_team_is_back_in_words(now: str, language: str, words: str) -> None:
    assert back(now, language) == words


def test_a_return_in_weeks_is_told_with_its_date() -> None:
    christmas = (*tuple(date(2026, 12, day) for day in range(21, 32)), date(2027, 1, 1))
    assert back("2026-12-18T19:00", "en", christmas) == " and back on Monday, 4 January at 09:00"
    assert back("2026-12-18T19:00", "es", christmas) == " y vuelve el lunes, 4 de enero a las 09:00"


def test_nobody_knows_is_no_promise() -> None:
    hours = Hours(NEW_YORK, WEEK, frozenset())
    assert wording.return_in_words(None, hours, local("2026-11-20T19:00")) == ""
