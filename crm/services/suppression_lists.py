"""Reading a list of people who must get no marketing, line by line, and writing it out again.

A list is a CSV with a header that names `phone`, `email` and, if there is one, `reason`; or one number or address a
line. Wrong lines are named, and never keep the right ones from being taken in.
"""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from io import StringIO

from crm.models import Suppression, Workspace
from crm.models.people import IdentityKind
from project.kernel.errors import WrongValues

from .identities import normalise_identity
from .suppressions import Entry

MOST_BYTES = 20 * 1024 * 1024
MOST_PROBLEMS = 200
COLUMNS = {
    "phone": IdentityKind.PHONE,
    "number": IdentityKind.PHONE,
    "telephone": IdentityKind.PHONE,
    "email": IdentityKind.EMAIL,
    "e-mail": IdentityKind.EMAIL,
    "email address": IdentityKind.EMAIL,
}


@dataclass(frozen=True, slots=True)
class Problem:
    line: int
    value: str
    why: str


@dataclass(slots=True)
class Read:
    """`problems` are the first of them, `wrong` counts all."""

    entries: list[Entry] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    wrong: int = 0


def read_list(content: bytes | str) -> Read:
    """Raises WrongValues for what is no list at all."""
    text = _decoded(content)
    first = text.split("\n", 1)[0]
    separator = max(",;\t", key=first.count)
    rows = csv.reader(StringIO(text), delimiter=separator)
    read = Read()
    columns: dict[int, str] = {}
    try:
        for number, row in enumerate(rows, start=1):
            if number == 1 and (columns := _header(row)):
                continue
            _read_row(read, number, row, columns)
    except csv.Error as error:
        raise WrongValues({"list": f"is no CSV: {error}"}) from error
    if not read.entries and not read.wrong:
        raise WrongValues({"list": "is empty: one phone number or e-mail address a line, or a CSV with a header"})
    return read


def _decoded(content: bytes | str) -> str:
    if len(content) > MOST_BYTES:
        raise WrongValues({"list": f"is larger than {MOST_BYTES // 1024 // 1024} MB; split it"})
    if isinstance(content, str):
        return content.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    try:
        return _decoded(content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise WrongValues({"list": "is not UTF-8 text; save it as “CSV UTF-8”"}) from error


def _header(row: Sequence[str]) -> dict[int, str]:
    """Which column holds what; empty when the first line is somebody already."""
    names = {place: cell.strip().lower() for place, cell in enumerate(row)}
    found = {place: COLUMNS[name].value for place, name in names.items() if name in COLUMNS}
    reasons = {place: "reason" for place, name in names.items() if name == "reason"}
    return {**found, **reasons} if found else {}


def _read_row(read: Read, number: int, row: Sequence[str], columns: dict[int, str]) -> None:
    cells = {columns[place]: cell.strip() for place, cell in enumerate(row) if place in columns}
    if not columns and row:
        value = row[0].strip()
        cells = {IdentityKind.EMAIL.value if "@" in value else IdentityKind.PHONE.value: value}
    reason = cells.pop("reason", "")
    for kind, value in cells.items():
        if value:
            _read_cell(read, number, kind, value, reason)


def _read_cell(read: Read, number: int, kind: str, value: str, reason: str) -> None:
    try:
        _, normal = normalise_identity(kind, value)
    except WrongValues as error:
        read.wrong += 1
        if len(read.problems) < MOST_PROBLEMS:
            read.problems.append(Problem(number, value[:80], "; ".join(error.problems.values())))
    else:
        read.entries.append(Entry(kind, normal, reason.replace("\x00", "")[:255]))


def write_list(workspace: Workspace) -> Iterator[list[str]]:
    """Header and rows of everything that stands on the list; what this module reads again."""
    yield ["phone", "email", "reason", "source", "since", "lifted"]
    rows = Suppression.objects.filter(workspace=workspace).order_by("pk")
    for row in rows.iterator(chunk_size=2000):
        phone, email = (row.value, "") if row.kind == IdentityKind.PHONE else ("", row.value)
        lifted = row.lifted_at.isoformat() if row.lifted_at else ""
        yield [phone, email, inert(row.reason), inert(row.source), row.created_at.isoformat(), lifted]


def inert(text: str) -> str:
    """A spreadsheet takes a cell that begins with one of these for a formula."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text
