"""The words of the ladder: filled from templates that people edit and names that strangers choose."""

from datetime import timedelta

import pytest

from crm.models import Lead
from handover import wording
from handover.models import policies

DAVI = Lead(name="Davi Souza", company="Padaria Sol")


def fill(template: str, lead: Lead = DAVI, request: str = "my contract", minutes: float = 45) -> str:
    return wording.fill(
        template, lead=lead, request=request, waited=timedelta(minutes=minutes), link="https://x.test/1"
    )


@pytest.mark.parametrize("template", [policies.BRIDGE, policies.UPDATE, policies.RESUME, policies.ACKNOWLEDGEMENT])
def test_the_templates_that_come_with_a_workspace_are_filled_completely(template: str) -> None:
    wording.check_template(template)
    assert "{" not in fill(template)
    assert "{" not in fill(template, Lead(name="", company=""))


def test_name_company_wait_request_and_link_are_in_the_offer() -> None:
    text = fill(policies.BRIDGE)
    for words in ("Davi", "Padaria Sol", "45 minutes", "“my contract”", "https://x.test/1"):
        assert words in text


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
    [(-5, "0 seconds"), (1, "1 second"), (89, "89 seconds"), (90, "2 minutes"), (2700, "45 minutes"),
     (5400, "90 minutes"), (7200, "2 hours"), (3600 * 26, "26 hours")],
)  # fmt: skip
def test_waits_in_words(seconds: int, words: str) -> None:
    assert wording.in_words(timedelta(seconds=seconds)) == words
