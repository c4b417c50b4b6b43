"""What a file is, whatever its name and its provider say; and what a channel takes."""

import io
import zipfile

import pytest
from PIL import Image

from messaging import thumbnails
from messaging.media_rules import why_unfit
from messaging.media_types import safe_name, sniff
from messaging.services.media_keeping import Kept
from messaging.thumbnails import thumbnail_of
from messaging.transports import about, capabilities_of
from tests.doubles.files import HTML, OGG, PDF, PNG

OFFICE = "application/vnd.openxmlformats-officedocument"


def picture(kind: str, size: tuple[int, int] = (8, 8), **more: object) -> bytes:
    written = io.BytesIO()
    Image.new("RGB", size, "navy").save(written, kind, **more)
    return written.getvalue()


def archive(*names: str) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as opened:
        for name in names:
            opened.writestr(name, "<x/>")
    return written.getvalue()


def box(brand: bytes) -> bytes:
    return b"\x00\x00\x00\x18ftyp" + brand + b"\x00\x00\x00\x00mp42isom" + b"\0" * 64


@pytest.mark.parametrize(
    ("content", "claimed", "found"),
    [
        (PNG, "", "image/png"),
        (picture("JPEG"), "application/octet-stream", "image/jpeg"),
        (picture("WEBP"), "", "image/webp"),
        (picture("GIF"), "image/png", "image/gif"),
        (PDF, "image/jpeg", "application/pdf"),
        (OGG, "audio/ogg; codecs=opus", "audio/ogg"),
        (OGG, "video/ogg", "video/ogg"),
        (box(b"mp42"), "video/mp4", "video/mp4"),
        (box(b"mp42"), "audio/mp4", "audio/mp4"),
        (box(b"M4A "), "", "audio/mp4"),
        (box(b"mp42"), "text/html", "video/mp4"),
        (b"#!AMR\n" + b"\x00" * 64, "audio/amr", "audio/amr"),
        (b"ID3\x03\x00\x00\x00\x00\x00\x21" + b"\0" * 64, "audio/mpeg", "audio/mpeg"),
        (archive("[Content_Types].xml", "word/document.xml"), "", f"{OFFICE}.wordprocessingml.document"),
        (archive("[Content_Types].xml", "xl/workbook.xml"), "", f"{OFFICE}.spreadsheetml.sheet"),
        (archive("[Content_Types].xml", "word/vbaProject.bin"), "", "application/vnd.ms-office.macroenabled"),
        (archive("META-INF/MANIFEST.MF"), "", "application/java-archive"),
        (archive("a.txt"), f"{OFFICE}.wordprocessingml.document", "application/zip"),
        (b"PK\x03\x04 broken", "", "application/zip"),
        (HTML, "image/jpeg", "text/html"),
        (b"\xef\xbb\xbf  <script>alert(1)</script>", "text/plain", "text/html"),
        (b"<?xml version='1.0'?><svg/>", "image/png", "image/svg+xml"),
        (b"MZ\x90\x00" + b"\0" * 99, "image/png", "application/vnd.microsoft.portable-executable"),
        ("Olá, tudo bem?".encode(), "", "text/plain"),
        (b"BM is how this text begins", "", "text/plain"),
        (b"a;b\n1;2\n", "text/csv", "text/csv"),
        (b"BEGIN:VCARD\r\nVERSION:3.0\r\n", "text/plain", "text/vcard"),
        (b"\x01\x02\x03\x00\xfe", "image/png", "application/octet-stream"),
        (b"", "image/png", "text/plain"),
    ],
)  # fmt: skip
def test_the_content_decides(content: bytes, claimed: str, found: str) -> None:
    assert sniff(content, claimed) == found


@pytest.mark.parametrize(
    ("name", "content_type", "shown"),
    [
        ("offer.pdf", "application/pdf", "offer.pdf"),
        ("../../etc/passwd", "text/plain", "passwd.txt"),
        ("C:\\temp\\offer.PDF", "application/pdf", "offer.PDF"),
        ("photo.jpeg", "image/jpeg", "photo.jpeg"),
        ("photo.exe", "image/jpeg", "photo.exe.jpg"),
        ("", "image/png", "file.png"),
        ("...", "image/png", "file.png"),
        ("gpj.\u202eexe", "image/png", "gpj.exe.png"),
        ("a\x00\r\nb.png", "image/png", "ab.png"),
        ("x" * 300, "image/png", "x" * 100 + ".png"),
    ],
)
def test_a_name_is_only_a_name(name: str, content_type: str, shown: str) -> None:
    assert safe_name(name, content_type) == shown


def test_a_thumbnail_is_small_upright_and_of_a_picture_only() -> None:
    sideways = Image.Exif()
    sideways[thumbnails.ORIENTATION] = 6
    small = thumbnail_of(picture("JPEG", (3000, 1000), exif=sideways))

    assert small is not None
    assert (small.width, small.height) == (1000, 3000)
    with Image.open(io.BytesIO(small.content)) as drawn:
        assert drawn.size == (213, 640)
    assert thumbnail_of(PDF) is None
    assert thumbnail_of(picture("PNG")[:45]) is None


def test_a_picture_that_would_unfold_to_gigabytes_is_not_unfolded() -> None:
    """A PNG of a few bytes that says it is 60,000 pixels wide and high."""
    bomb = bytearray(picture("PNG"))
    bomb[16:24] = (60_000).to_bytes(4, "big") * 2
    assert thumbnail_of(bytes(bomb)) is None


def file(content_type: str, size: int = 1000) -> Kept:
    return Kept("offer", content_type, content_type, size, "", "stored")


MB = 1024 * 1024


@pytest.mark.parametrize(
    ("kind", "files", "body", "why"),
    [
        ("whatsapp_cloud", [file("image/jpeg")], "Here", ""),
        ("whatsapp_cloud", [file("image/gif")], "Here", ""),  # as a document
        ("whatsapp_cloud", [file("image/jpeg", 6 * MB)], "", ""),  # as a document
        ("whatsapp_cloud", [file("video/mp4", 101 * MB)], "", "at most 100 MB"),
        ("whatsapp_cloud", [file("audio/ogg")], "Listen", "one by one"),
        ("whatsapp_cloud", [file("image/jpeg")] * 2, "", "one file a message"),
        ("whatsapp_cloud", [file("image/jpeg")], "x" * 1025, "1024 characters"),
        ("whatsapp_twilio", [file("application/pdf")], "", ""),
        ("whatsapp_twilio", [file("application/pdf")], "Here", "one by one"),
        ("whatsapp_twilio", [file("application/zip")], "", "does not take files of the type application/zip"),
        ("sms_twilio", [file("image/png", 6 * MB)], "", "at most 5 MB"),
        ("sms_twilio", [file("image/png")] * 11, "", "10 files"),
        ("telegram", [file("application/zip")], "Here", ""),
        ("webchat", [file("application/zip")] * 5, "Here", ""),
        ("canary", [file("image/png")], "", "cannot send files"),
        ("canary", [], "Here", ""),
    ],
)  # fmt: skip
def test_a_channel_says_why_it_cannot_send_a_file(kind: str, files: list[Kept], body: str, why: str) -> None:
    said = why_unfit(capabilities_of(kind), about(kind).title, files, body)
    assert why in said
    assert bool(said) == bool(why)
