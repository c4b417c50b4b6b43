"""A finding against what is known: pure."""

import pytest

from agents.qualification.fields import cleaned, same
from agents.qualification.findings import Finding, Known, Weight, weigh
from project.kernel.errors import WrongValues


def finding(value: str, confidence: float = 0.8) -> Finding:
    return Finding("company", value, None, value, confidence, "offline")


@pytest.mark.parametrize(
    ("known", "value", "confidence", "weight"),
    [
        (None, "Prado", 0.1, Weight.LEARN),
        (Known("Prado", "offline", 0.8), "PRADO ", 0.9, Weight.REPEAT),
        (Known("Prado", "offline", 0.8), "Sol", 0.8, Weight.LEARN),
        (Known("Prado", "offline", 0.9), "Sol", 0.6, Weight.ASIDE),
        (Known("Prado", "person", 1.0), "Sol", 1.0, Weight.ASIDE),
        (Known("Prado", "person", 1.0), "prado", 0.2, Weight.REPEAT),
        (Known("", "person", 1.0), "Sol", 1.0, Weight.ASIDE),
    ],
)
def test_a_finding_is_weighed(known: Known | None, value: str, confidence: float, weight: Weight) -> None:
    assert weigh(finding(value, confidence), known) is weight


@pytest.mark.parametrize(
    ("field", "value", "why"),
    [
        ("email", "not an address", "is not an e-mail address"),
        ("phone", "12", "not a"),
        ("industry", "magic", "none of healthcare"),
        ("company", "x" * 201, "longer than 200"),
    ],
)
def test_a_value_that_cannot_be_is_refused_with_its_name_and_reason(field: str, value: str, why: str) -> None:
    with pytest.raises(WrongValues) as caught:
        cleaned(field, value)
    assert why in caught.value.problems[field]


def test_values_are_tidied() -> None:
    assert cleaned("company", " Prado\u200b\n\x00 Clínicas ") == "Prado Clínicas"
    assert cleaned("email", "Ana@Prado.COM") == "ana@prado.com"
    assert same("phone", "+55 11 98765-4321", "+5511987654321")
