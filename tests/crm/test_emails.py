"""One spelling for each e-mail address."""

import pytest

from crm.emails import NotAnEmail, to_email


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("davi@lima.test", "davi@lima.test"),
        ("  Davi.Lima@LIMA.Test \n", "davi.lima@lima.test"),
        ("davi+shop@lima.test", "davi+shop@lima.test"),
        ("davi@café.example", "davi@xn--caf-dma.example"),
        ("davi@cafe\u0301.example", "davi@xn--caf-dma.example"),
        ("DAVI@XN--CAF-DMA.example", "davi@xn--caf-dma.example"),
        ("davi@lima.test.", "davi@lima.test"),
        ("josé@lima.test", "josé@lima.test"),
        ("o'brien@lima.test", "o'brien@lima.test"),
        ("davi@mail-1.lima.co.uk", "davi@mail-1.lima.co.uk"),
    ],
)
def test_an_address_has_one_spelling(text: str, address: str) -> None:
    assert to_email(text) == address
    assert to_email(address) == address


@pytest.mark.parametrize(
    "text",
    [
        "",
        "davi",
        "@lima.test",
        "davi@",
        "davi@localhost",
        "davi@@lima.test",
        "davi lima@lima.test",
        "Davi <davi@lima.test>",
        "davi@lima..test",
        ".davi@lima.test",
        "da..vi@lima.test",
        "davi@[127.0.0.1]",
        "davi@lima.test\r\nBcc: all@lima.test",
        "davi\x00@lima.test",
        "davi@-lima.test",
        f"{'x' * 200}@lima.test",
        f"davi@{'x' * 70}.test",
        "davi@\U0001f600.test\ud800",
        "x" * 2000,
    ],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(NotAnEmail):
        to_email(text)
