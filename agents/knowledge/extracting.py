"""What a document says, as sections of plain text. Whatever is wrong with a file is told as a sentence."""

from __future__ import annotations

import csv
import io
import logging
import re
from collections.abc import Iterator

from bs4 import BeautifulSoup, Tag
from pypdf import PdfReader
from pypdf.errors import PyPdfError

from agents.knowledge.chunking import Section

logging.getLogger("pypdf").setLevel(logging.ERROR)

MOST_PAGES = 300
MOST_ROWS = 5000
MOST_CHARACTERS = 2_000_000
_HEADINGS = ("h1", "h2", "h3", "h4")
_NOISE = ("script", "style", "noscript", "template", "nav", "footer", "form", "iframe", "svg", "head", "aside")
_BLOCKS = ("p", "li", "td", "th", "tr", "div", "section", "article", "br", "dt", "dd", "blockquote", "pre")
_MARKDOWN_HEADING = re.compile(r"^#{1,4}\s+(.*)$|^(.+)\n[=-]{3,}$", re.MULTILINE)


class Unreadable(Exception):
    """The document cannot be read, with the reason."""


def sections_of_text(text: str) -> list[Section]:
    """Paragraphs; lines that begin with # are headings."""
    if not text.strip():
        raise Unreadable("there is no text in it")
    sections, heading, last = [], "", 0
    for found in _MARKDOWN_HEADING.finditer(text[:MOST_CHARACTERS]):
        sections.append(Section(heading, text[last : found.start()]))
        heading, last = (found[1] or found[2]).strip()[:120], found.end()
    sections.append(Section(heading, text[last:MOST_CHARACTERS]))
    return [section for section in sections if section.text.strip()]


def sections_of_html(body: bytes, encoding: str | None = None) -> tuple[str, list[Section]]:
    """The page's title and its sections, without menus, scripts and footers."""
    soup = BeautifulSoup(body, "html.parser", from_encoding=encoding)
    title = soup.title.get_text(" ", strip=True)[:200] if soup.title else ""
    for noise in soup.find_all(_NOISE):
        noise.decompose()
    root = soup.find("main") or soup.find("article") or soup.body or soup
    sections = [section for section in _html_sections(root) if section.text.strip()]
    if not sections:
        raise Unreadable("there is no text on the page; perhaps a script writes it")
    return title, sections


def _html_sections(root: Tag) -> Iterator[Section]:
    heading, size = "", 0
    pieces: list[str] = []
    for node in root.descendants:
        if isinstance(node, Tag):
            if node.name in _HEADINGS:
                yield Section(heading, "".join(pieces))
                heading, pieces = node.get_text(" ", strip=True)[:120], []
            elif node.name in _BLOCKS:
                pieces.append("\n")
        elif not any(parent.name in _HEADINGS for parent in node.parents if isinstance(parent, Tag)):
            pieces.append(str(node).replace("\x00", ""))
            size += len(pieces[-1])
            if size > MOST_CHARACTERS:
                break
    yield Section(heading, "".join(pieces))


def sections_of_pdf(body: bytes) -> list[Section]:
    """A section for each page."""
    try:
        reader = PdfReader(io.BytesIO(body), strict=False)
        if reader.is_encrypted and not reader.decrypt(""):
            raise Unreadable("the PDF is protected by a password")
        if len(reader.pages) > MOST_PAGES:
            raise Unreadable(f"the PDF has more than {MOST_PAGES} pages")
        pages = [Section(f"page {number}", _page_text(page)) for number, page in enumerate(reader.pages, 1)]
    except Unreadable:
        raise
    except (PyPdfError, ValueError, KeyError, TypeError, AttributeError, RecursionError, OSError) as error:
        raise Unreadable("it is not a PDF that can be read") from error
    sections = [page for page in pages if page.text.strip()]
    if not sections:
        raise Unreadable("the PDF holds pictures only, no text")
    return sections


def _page_text(page: object) -> str:
    text: str = page.extract_text() or ""  # type: ignore[attr-defined]
    # a line break inside a sentence is only the edge of the paper
    return re.sub(r"(?<![.!?:\n])\n(?=[a-zà-ÿ])", " ", text)[: MOST_CHARACTERS // 10].replace("\x00", "")


def sections_of_prices(body: bytes) -> list[Section]:
    """Each row of the table alone, with the names of its columns."""
    rows = rows_of_csv(body)
    sections = []
    for row in rows:
        told = [f"{name}: {value}" for name, value in row.items() if value]
        sections.append(Section(next(iter(row.values()), "")[:120], ". ".join(told) + ".", is_row=True))
    return sections


def rows_of_csv(body: bytes) -> list[dict[str, str]]:
    """The rows below the header, with stripped names and values; commas, semicolons or tabs between them."""
    text = decoded(body)
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) < 2:
        raise Unreadable("a price list needs a first line with the names of its columns, and a row for each product")
    delimiter = max(",;\t", key=lines[0].count)
    try:
        read = list(csv.reader(io.StringIO(text), delimiter=delimiter, strict=True))
    except csv.Error as error:
        raise Unreadable(f"it is not a CSV file: {error}") from error
    header, *rows = [row for row in read if any(cell.strip() for cell in row)]
    names = [name.strip() or f"column {number}" for number, name in enumerate(header, 1)]
    if len(names) < 2:
        raise Unreadable("it has one column only; put commas, semicolons or tabs between the columns")
    if len(rows) > MOST_ROWS:
        raise Unreadable(f"it has more than {MOST_ROWS} rows")
    return [dict(zip(names, (cell.strip() for cell in row), strict=False)) for row in rows]


def decoded(body: bytes) -> str:
    """UTF-8 with or without its mark, UTF-16 with one, else the Western code page of spreadsheets."""
    if body[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return body.decode("utf-16", "replace").replace("\x00", "")
    try:
        return body.decode("utf-8-sig").replace("\x00", "")
    except UnicodeDecodeError:
        return body.decode("cp1252", "replace").replace("\x00", "")
