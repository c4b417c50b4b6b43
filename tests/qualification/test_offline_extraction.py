"""What customers say about themselves, read from their plain words: in nine languages, and never more than was said."""

from uuid import uuid4

import pytest

from agents.qualification.findings import Said
from agents.qualification.offline import extract_offline


def read(*texts: str, region: str | None = "BR") -> dict[str, str]:
    said = [Said(uuid4(), place, text) for place, text in enumerate(texts, 1)]
    return {fact.field: fact.value for fact in extract_offline(said, region=region).facts}


@pytest.mark.parametrize(
    ("text", "name", "company"),
    [
        ("Hi, my name is Davi Souza and I work at Prado Clinics.", "Davi Souza", "Prado Clinics"),
        ("me llamo María José Pérez y trabajo para Grupo Éxito", "María José Pérez", "Grupo Éxito"),
        ("meu nome é joão da silva, minha empresa se chama Padaria Sol", "João da Silva", "Padaria Sol"),
        ("Je m'appelle Chloé Martin, je travaille chez Renault", "Chloé Martin", "Renault"),
        ("Ich heiße Jürgen Müller, unsere Firma heißt Bäckerei Müller GmbH", "Jürgen Müller", "Bäckerei Müller GmbH"),
        ("Mi chiamo Luca Bianchi e lavoro per Ferrero", "Luca Bianchi", "Ferrero"),
        ("मेरा नाम राहुल शर्मा है, मेरी कंपनी टाटा है", "राहुल शर्मा", "टाटा"),
        ("Nama saya Budi Santoso, perusahaan saya Maju Jaya", "Budi Santoso", "Maju Jaya"),
        ("اسمي أحمد علي، شركتي النور", "أحمد علي", "النور"),
    ],
)
def test_name_and_company_in_nine_languages(text: str, name: str, company: str) -> None:
    found = read(text)
    assert (found["full_name"], found["company"]) == (name, company)


@pytest.mark.parametrize(
    ("text", "field", "value"),
    [
        ("you can mail me at Ana.Souza+x@prado.com.br.", "email", "ana.souza+x@prado.com.br"),
        ("ligue para (11) 98765-4321", "phone", "+5511987654321"),
        ("our budget is around $5,000 a month", "budget", "$5,000"),
        ("nosso orçamento é de R$ 2.500,00", "budget", "R$ 2.500,00"),
        ("mi presupuesto es de 3 mil euros", "budget", "3 mil euros"),
        ("Wir haben 25 Mitarbeiter", "company_size", "25"),
        ("nous sommes 12 personnes", "company_size", "12"),
        ("temos uma clínica odontológica em Niterói", "industry", "healthcare"),
        ("kami punya toko baju", "industry", "retail"),
        ("لدينا عيادة في الرياض", "industry", "healthcare"),
        ("where are your API docs? our developers need them", "technical_level", "developer"),
        ("no soy muy técnica", "technical_level", "non_technical"),
        ("I'm interested in the team plan.", "product_interest", "team plan"),
        ("this is urgent", "urgency", "high"),
    ],
)
def test_other_facts(text: str, field: str, value: str) -> None:
    assert read(text)[field] == value


@pytest.mark.parametrize(
    "text",
    [
        "My name is not on the list",
        "the name is spelled wrong",
        "is your name Bot?",
        "I work at night",
        "my company is small",
        "our company is looking for a CRM",
        "Do you have a store near me?",
        "My order 12345678 is late",
        "My budget is tight",
        "the budget 2024 report",
        "we are 30 minutes late",
        "I'm Interested",
        "soy de Bogotá",
        "trabajo en Madrid",
        "mail@",
        "👍👍",
        "",
    ],
)
def test_what_only_sounds_like_a_fact_is_left_out(text: str) -> None:
    found = read(text)
    assert not {"full_name", "company", "email", "phone", "budget", "company_size", "industry"} & set(found), found


def test_the_latest_word_counts() -> None:
    assert read("my name is Davi Souza", "sorry, my name is David Souza")["full_name"] == "David Souza"


def test_each_fact_knows_its_message_and_its_words() -> None:
    first, second = Said(uuid4(), 1, "hello"), Said(uuid4(), 2, "my name is Davi Souza, ok?")
    [fact] = extract_offline([first, second]).facts
    assert (fact.message_id, fact.words, fact.source) == (second.message_id, "my name is Davi Souza", "offline")


@pytest.mark.parametrize(
    "text", ["a" * 30_000, "QUJD" * 5_000, "my name is " * 3_000, "1234567 " * 4_000, "\x00\ud83d"]
)
def test_a_huge_or_broken_text_is_read_in_time(text: str) -> None:
    assert isinstance(read(text), dict)
