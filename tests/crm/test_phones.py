"""One person, one number, however it is spelled."""

import json
from pathlib import Path
from typing import Any

import pytest

from crm.phones import NotAPhoneNumber, to_e164, variants_of


def lines(name: str) -> list[dict[str, Any]]:
    text = (Path(__file__).parent / name).read_text()
    return [json.loads(line) for line in text.splitlines()]


@pytest.mark.parametrize("case", lines("phone_numbers.jsonl"), ids=lambda case: case["raw"])
def test_international_spellings_have_one_e164(case: dict[str, Any]) -> None:
    if case["e164"] is None:
        with pytest.raises(NotAPhoneNumber):
            to_e164(case["raw"])
    else:
        assert to_e164(case["raw"]) == case["e164"]


@pytest.mark.parametrize("text", ["", "+", "hello", "12", "+0000", "\x00", "+55119876543210987"])
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(NotAPhoneNumber):
        to_e164(text)


@pytest.mark.parametrize("case", lines("phone_variants.jsonl"), ids=lambda case: case["inbound"])
def test_whatsapps_spellings_of_one_person_are_known(case: dict[str, Any]) -> None:
    number = "+" + case["inbound"].removeprefix("whatsapp:").removeprefix("+")
    assert set(variants_of(number)) == set(case["same_person_as"])
    assert variants_of(number)[0] == number


@pytest.mark.parametrize("case", lines("phone_variants.jsonl"), ids=lambda case: case["inbound"])
def test_being_the_same_person_is_mutual(case: dict[str, Any]) -> None:
    for number in case["same_person_as"]:
        assert set(variants_of(number)) == set(case["same_person_as"])
