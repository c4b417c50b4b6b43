"""Bodies that no honest sender makes, out of one that is honest."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, quote_plus

from hypothesis import strategies as st

HUGE = b"x" * 3_000_000
DEEP = 10_000


def hostile(honest: bytes) -> Iterator[bytes]:
    yield from truncated(honest)
    yield b"\x00"
    yield honest.replace(b"Hello", b"He\x00llo")
    yield honest.replace(b"Hello", b"He%00llo")
    yield honest.replace(b"Hello", b"\\u0000\\ud800")
    yield honest.replace(b"Hello", b"%ED%A0%80%ED%B0%80")
    yield honest.replace(b"Hello", b"\xed\xa0\x80\xff\xfe")
    yield honest[::-1]
    yield honest * 2
    yield b"\xef\xbb\xbf" + honest
    yield honest.decode().encode("utf-16")
    yield b"[" * DEEP + b"]" * DEEP
    yield b'{"event":' * DEEP + b"1" + b"}" * DEEP
    yield b'{"payload": {"uri": ' + b"9" * 5000 + b"}}"
    yield b"&".join(b"MessageSid=%d" % number for number in range(5000))
    yield b"=" * 10_000
    yield HUGE
    yield honest + HUGE


def truncated(honest: bytes) -> Iterator[bytes]:
    """One of every class of lengths: nothing, the first bytes, about each half, all but the last bytes."""
    whole = len(honest)
    for length in sorted({0, 1, 2, 3, 7, whole // 8, whole // 4, whole // 2, whole * 3 // 4, whole - 2, whole - 1}):
        yield honest[:length]


def generated(honest: bytes) -> st.SearchStrategy[bytes]:
    """The honest body's own names with any values, among names that nobody knows."""
    if honest.startswith(b"{"):
        return _objects(json.loads(honest)).map(lambda made: json.dumps(made).encode("utf-8", "surrogatepass"))
    names = [name for name, _ in parse_qsl(honest.decode(), keep_blank_values=True)]
    pairs = st.tuples(st.sampled_from(names) | st.text(max_size=8), ANY_TEXT)
    return st.lists(pairs, min_size=1, max_size=25).map(_form)


ANY_TEXT = st.text(st.characters(), max_size=60) | st.sampled_from(
    [
        "",
        "\x00",
        "\ud800",
        "NaN",
        "-1",
        "9" * 40,
        "whatsapp:+5511900000001",
        "whatsapp:",
        "read",
        "STOP",
        "{",
        "é" * 300,
    ]
)
ANY_VALUE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | ANY_TEXT,
    lambda values: st.lists(values, max_size=3) | st.dictionaries(ANY_TEXT, values, max_size=3),
    max_leaves=6,
)


def _objects(honest: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Each value as it was, or anything; an object inside is changed inside."""
    return st.fixed_dictionaries({name: _value(value) for name, value in honest.items()})


def _value(value: Any) -> st.SearchStrategy[Any]:
    inside = _objects(value) if isinstance(value, dict) else st.just(value)
    return inside | ANY_VALUE


def _form(pairs: list[tuple[str, str]]) -> bytes:
    return "&".join(f"{_quoted(name)}={_quoted(value)}" for name, value in pairs).encode()


def _quoted(text: str) -> str:
    return quote_plus(text.encode("utf-8", "surrogatepass"))
