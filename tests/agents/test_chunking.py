"""Documents into sections, sections into passages. Pure."""

import io
from itertools import pairwise

import pytest
from pypdf import PdfWriter

from agents.knowledge.chunking import OVERLAP, PASSAGE, Section, cut, split_sentences
from agents.knowledge.excerpts import LONGEST_EXCERPT, excerpt_for
from agents.knowledge.extracting import (
    Unreadable,
    decoded,
    rows_of_csv,
    sections_of_html,
    sections_of_pdf,
    sections_of_prices,
    sections_of_text,
)
from tests.doubles.documents import pdf_of


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("One. Two! Three?", ["One.", "Two!", "Three?"]),
        ("It costs 3.50 euros, e.g. for tea.", ["It costs 3.50 euros, e.g. for tea."]),
        ("Open 9:00.\nClosed on Sunday", ["Open 9:00.", "Closed on Sunday"]),
        ("यह एक है। यह दो है।", ["यह एक है।", "यह दो है।"]),
        ("ما هذا؟ هذا كتاب.", ["ما هذا؟", "هذا كتاب."]),
        ("  \n ", []),
    ],
)
def test_sentences_end_where_people_end_them(text: str, sentences: list[str]) -> None:
    assert split_sentences(text) == sentences


def test_passages_are_whole_sentences_with_an_overlap_and_carry_their_title() -> None:
    sentences = [f"This is sentence number {number} of a long chapter about coffee." for number in range(60)]
    passages = cut([Section("Coffee", " ".join(sentences))], title="Guide")
    assert {passage.title for passage in passages} == {"Guide · Coffee"}
    assert all(len(passage.text) <= PASSAGE for passage in passages)
    assert all(passage.text.endswith("coffee.") for passage in passages)
    for before, after in pairwise(passages):
        shared = split_sentences(after.text)[0]
        assert shared in before.text
        assert len(shared) <= OVERLAP
    assert all(any(sentence in passage.text for passage in passages) for sentence in sentences)


def test_a_text_without_an_end_is_cut_between_words() -> None:
    passages = cut([Section("", "word " * 1000)], title="Noise")
    assert all(len(passage.text) <= PASSAGE for passage in passages)
    assert "".join(passages[0].text.split()) == "word" * (len(passages[0].text.split()))


def test_the_excerpt_is_the_sentence_that_answers() -> None:
    text = " ".join(
        [
            *(f"We roast coffee number {number} with much care and patience every day." for number in range(8)),
            "Delivery to Spain takes 4 working days.",
            *(f"Our farm number {number} lies high in the mountains of Peru." for number in range(8)),
        ]
    )
    excerpt = excerpt_for(text, asked="how long is delivery to Spain?", language="en")
    assert "Delivery to Spain takes 4 working days." in excerpt
    assert len(excerpt) <= LONGEST_EXCERPT


def test_a_page_is_read_without_its_menus_and_by_its_headings() -> None:
    page = b"""<html><head><title>Terms</title><script>var x = 1;</script></head><body><nav>Home Shop</nav>
    <main><h1>Returns</h1><p>Within 30 days.</p><h2>How</h2><p>By <b>post</b>.</p></main><footer>(c)</footer></body>"""
    title, sections = sections_of_html(page)
    assert title == "Terms"
    assert [(section.heading, section.text.split()) for section in sections] == [
        ("Returns", ["Within", "30", "days."]),
        ("How", ["By", "post."]),
    ]


def test_headings_of_a_text_begin_sections() -> None:
    sections = sections_of_text("Intro.\n# Prices\nTen euros.\nDelivery\n--------\nTwo days.")
    assert [(section.heading, section.text.strip()) for section in sections] == [
        ("", "Intro."),
        ("Prices", "Ten euros."),
        ("Delivery", "Two days."),
    ]


def test_a_pdf_is_read_page_by_page() -> None:
    sections = sections_of_pdf(pdf_of("The warranty is two years.", "Returns within 30 days."))
    assert [(section.heading, section.text.strip()) for section in sections] == [
        ("page 1", "The warranty is two years."),
        ("page 2", "Returns within 30 days."),
    ]


def test_a_row_of_a_price_list_stands_alone_with_the_names_of_its_columns() -> None:
    table = "Name;Price;Unit\nEspresso;12,50;kg\nDecaf;14;kg\n".encode("utf-8-sig")
    passages = cut(sections_of_prices(table), title="Prices 2027")
    assert [(passage.title, passage.text) for passage in passages] == [
        ("Prices 2027 · Espresso", "Name: Espresso. Price: 12,50. Unit: kg."),
        ("Prices 2027 · Decaf", "Name: Decaf. Price: 14. Unit: kg."),
    ]


def protected_pdf() -> bytes:
    writer, out = PdfWriter(), io.BytesIO()
    writer.add_blank_page(100, 100)
    writer.encrypt("secret")
    writer.write(out)
    return out.getvalue()


def empty_pdf() -> bytes:
    writer, out = PdfWriter(), io.BytesIO()
    writer.add_blank_page(100, 100)
    writer.write(out)
    return out.getvalue()


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"%PDF-1.7 and nothing else", "not a PDF that can be read"),
        (pdf_of("The warranty is two years.")[:200], "not a PDF that can be read"),
        (protected_pdf(), "password"),
        (empty_pdf(), "pictures only"),
    ],
)
def test_a_pdf_that_cannot_be_read_says_why(body: bytes, why: str) -> None:
    with pytest.raises(Unreadable, match=why):
        sections_of_pdf(body)


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "first line"),
        (b"name,price\n", "first line"),
        (b"name\nEspresso\n", "one column"),
        (b'a,b\n"x,1\n', "CSV"),
    ],
)
def test_a_table_that_is_none_says_why(body: bytes, why: str) -> None:
    with pytest.raises(Unreadable, match=why):
        rows_of_csv(body)


@pytest.mark.parametrize("body", [b"<html><body><script>x</script></body></html>", b""])
def test_a_page_without_a_text_says_so(body: bytes) -> None:
    with pytest.raises(Unreadable):
        sections_of_html(body)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_the_encodings_of_spreadsheets_are_understood(encoding: str) -> None:
    assert decoded("Olá".encode(encoding)).strip("\ufeff") == "Olá"
