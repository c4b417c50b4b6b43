"""A scanner looks before anything is kept, and what it cannot say is no yes."""

from typing import Any

import pytest

from messaging.media_fetch import MediaUnavailable
from messaging.media_scan import scan
from tests.doubles.clamd import ClamdDouble


def test_clamd_sees_the_whole_file_and_names_what_it_finds(settings: Any) -> None:
    with ClamdDouble() as clamd:
        settings.MEDIA_SCANNER = clamd.address
        clean = b"x" * 200_000
        assert scan(clean, "a.bin") == ""
        assert scan(b"EICAR", "b.bin") == "Eicar-Test-Signature"
        assert clamd.seen == [clean, b"EICAR"]


def test_an_answer_that_is_no_verdict_is_no_yes(settings: Any) -> None:
    with ClamdDouble("INSTREAM size limit exceeded. ERROR") as clamd:
        settings.MEDIA_SCANNER = clamd.address
        with pytest.raises(MediaUnavailable):
            scan(b"x", "a.bin")


@pytest.mark.parametrize("scanner", ["clamd://127.0.0.1:1", "clamd:///nowhere/clamd.sock", "no.such.scanner"])
def test_a_scanner_that_is_not_there_is_no_yes(settings: Any, scanner: str) -> None:
    settings.MEDIA_SCANNER = scanner
    with pytest.raises(MediaUnavailable):
        scan(b"x", "a.bin")
