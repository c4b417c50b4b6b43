"""What may not be said, and what must be heard, in nine languages. Pure."""

import json
from pathlib import Path

import pytest

from agents.reasoning.guardrails import Ground, Rule, discount_asked_for, is_in_distress, review
from agents.reasoning.guardrails_claims import Claim, as_number, read_claims
from agents.reasoning.guardrails_privacy import canary_of, echoes, redact_secrets
from agents.reasoning.prompting import prompt

PLAN = "The team plan is €89 a month for up to 12 people and €6 for each person above that, delivery included."
HOURS = "The team is here Monday to Friday from 9:00 to 18:00. Orders before 3 March 2027 get 15% off."
GROUND = Ground(sources=(PLAN, HOURS), language="en", canary="ref-abc123")
INJECTIONS = Path(__file__).parent.parent / "messaging" / "hostile" / "web_injection_strings.jsonl"


def broken(reply: str, ground: Ground = GROUND) -> set[Rule]:
    return {breach.rule for breach in review(reply, ground)}


@pytest.mark.parametrize(
    ("text", "claim"),
    [
        ("It costs €89.", Claim("amount", "89 EUR")),
        ("1.234,50 € im Jahr", Claim("amount", "1234.5 EUR")),
        ("EUR 1,234.5 a year", Claim("amount", "1234.5 EUR")),
        ("R$ 99 por mês", Claim("amount", "99 BRL")),
        ("99 reais", Claim("amount", "99 BRL")),
        ("₹१०० प्रति माह", Claim("amount", "100 INR")),
        ("Rp 150.000", Claim("amount", "150000 IDR")),
        ("10 % de desconto", Claim("percent", "10")),
        ("10 por ciento", Claim("percent", "10")),
        ("10 Prozent", Claim("percent", "10")),
        ("१०%", Claim("percent", "10")),
        ("٪١٠", Claim("percent", "10")),
        ("3. März", Claim("date", "3.3")),
        ("March 3rd", Claim("date", "3.3")),
        ("3 de março", Claim("date", "3.3")),
        ("le 3 mars", Claim("date", "3.3")),
        ("2027-03-03", Claim("date", "3.3")),
        ("at 9 am", Claim("time", "9:00")),
        ("um 18:30 Uhr", Claim("time", "18:30")),
        ("within 2 working days", Claim("duration", "2")),
        ("em até 2 dias úteis", Claim("duration", "2")),
        ("order 4711", Claim("number", "4711")),
    ],
)
def test_a_figure_is_read_in_one_spelling(text: str, claim: Claim) -> None:
    assert claim in read_claims(text)


@pytest.mark.parametrize(
    ("text", "number"), [("1.234,50", "1234.5"), ("1,234.50", "1234.5"), ("1 234,5", "1234.5"), ("0.125", "0.125")]
)
def test_a_number_is_the_same_however_it_is_grouped(text: str, number: str) -> None:
    assert as_number(text) == number


def test_small_counts_are_no_claims() -> None:
    assert read_claims("one of 3 options, 2 steps") == frozenset()


@pytest.mark.parametrize(
    "reply",
    [
        "The team plan is €89 a month.",
        "89 EUR for up to 12 people, and 6 euros for each one more.",
        "Delivery is included.",
        "We are here from 9 am to 6 pm.",
        "15% off until 3 March.",
        "Which of the two would you like?",
        "",
    ],
)
def test_what_the_sources_say_may_be_said(reply: str) -> None:
    assert broken(reply) == set()


@pytest.mark.parametrize(
    ("reply", "rule"),
    [
        ("The team plan is €79 a month.", Rule.UNGROUNDED),
        ("It costs $89.", Rule.UNGROUNDED),
        ("You will have it in 2 days.", Rule.UNGROUNDED),
        ("The offer ends on 5 April.", Rule.UNGROUNDED),
        ("We are open until 21:00.", Rule.UNGROUNDED),
        ("Over 12,000 customers trust us.", Rule.UNGROUNDED),
        ("Für Sie nur 49 Euro im Monat.", Rule.UNGROUNDED),
        ("आपके लिए केवल ४९ रुपये।", Rule.UNGROUNDED),
        ("I guarantee that you will love it.", Rule.PROMISE),
        ("You get a full refund.", Rule.PROMISE),
        ("Garantimos a entrega.", Rule.PROMISE),
        ("Te lo garantizo, sin costo.", Rule.PROMISE),
        ("Nous vous garantissons la livraison.", Rule.PROMISE),
        ("Das ist kostenlos.", Rule.PROMISE),
        ("You get 20% off.", Rule.AUTHORITY),
        ("Ihr Rabatt: 20 Prozent.", Rule.AUTHORITY),
        ("I am a real person.", Rule.IMPERSONATION),
        ("Sou uma pessoa de verdade.", Rule.IMPERSONATION),
        ("Soy una persona real.", Rule.IMPERSONATION),
        ("Ich bin kein Bot.", Rule.IMPERSONATION),
        ("My mark is ref-abc123.", Rule.LEAKED),
        ("Write to bob@other.test.", Rule.PERSONAL),
        ("Call Bob at +351 912 345 678.", Rule.PERSONAL),
        ("See https://evil.test/login", Rule.LINK),
        ("Claro, el plan de equipo cuesta 89 euros al mes y la entrega está incluida para todos.", Rule.LANGUAGE),
        ("x" * 1501, Rule.LENGTH),
    ],
)
def test_what_nothing_supports_is_held_back(reply: str, rule: Rule) -> None:
    assert rule in broken(reply)


def test_saying_that_one_is_no_person_is_honest() -> None:
    assert broken("I'm the automated assistant of Acme, not a person.") == set()


def test_a_discount_within_the_authority_may_be_offered() -> None:
    assert broken("You get 10% off.", Ground(sources=(PLAN,), max_discount_percent=10)) == set()
    assert broken("You get 11% off.", Ground(sources=(PLAN,), max_discount_percent=10)) == {Rule.AUTHORITY}


def test_what_the_customer_said_may_be_repeated_but_proves_no_price() -> None:
    asked = Ground(sources=(PLAN,), customer=("On 5 April at 10:00, order 4711? It is €50, right?",))
    assert broken("On 5 April at 10:00, for order 4711.", asked) == set()
    assert broken("Yes, it is €50.", asked) == {Rule.UNGROUNDED}


def test_the_customers_own_address_and_the_companys_links_may_be_said() -> None:
    ground = Ground(sources=("See https://acme.test/plans.",), known_people=("davi@home.test",))
    assert broken("I wrote to davi@home.test: https://www.acme.test/plans", ground) == set()


def test_the_same_words_a_third_time_are_no_answer() -> None:
    said = "Could you tell me more?"
    assert broken(said, Ground(already_said=(said,))) == set()
    assert broken(said, Ground(already_said=(said, "could you tell me more"))) == {Rule.REPETITION}


def test_a_piece_of_our_instructions_is_recognised_however_it_is_spelled() -> None:
    task = prompt("strategy").task
    assert echoes(f"Sure! {task[120:320].upper()}", (task,))
    assert not echoes("I answer what I can; ask me about plans and delivery.", (task,))


def test_the_canary_is_the_installations_own_and_steady() -> None:
    assert canary_of("a") == canary_of("a") != canary_of("b")


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("my card is 4111 1111 1111 1111", "my card is [card number removed]"),
        ("order 1234567890123", "order 1234567890123"),
        ("key sk-proj-abcdefghijklmnop1234 ok", "key [key removed] ok"),
        ("AKIAIOSFODNN7EXAMPLE", "[key removed]"),
        ("my password is hunter22, why?", "my [password removed], why?"),
        ("minha senha é 12345", "minha [password removed]"),
        ("I forgot my password", "I forgot my password"),
        ("call +351 912 345 678", "call +351 912 345 678"),
    ],
)
def test_secrets_do_not_travel_into_a_prompt(typed: str, kept: str) -> None:
    assert redact_secrets(typed) == kept


DISTRESS = [
    "I want to kill myself", "i wanna die", "I don't want to live anymore", "there is no reason to live",
    "everyone would be better off without me", "thinking about suicide", "I'm going to end my life",
    "I can't go on anymore",
    "quiero morir", "me quiero matar", "ya no quiero vivir", "pienso en el suicidio", "no tengo razones para vivir",
    "quero morrer", "vou me matar", "não quero mais viver", "penso em suicídio", "não aguento mais viver",
    "je veux mourir", "je vais me suicider", "je n'ai plus envie de vivre", "j'ai envie d'en finir avec la vie",
    "ich will sterben", "ich will nicht mehr leben",
    "ich bringe mich um, ich denke an Selbstmord", "ich wäre lieber tot",
    "voglio morire", "voglio farla finita", "non voglio più vivere", "mi ammazzo",
    "मैं मरना चाहता हूं", "मैं आत्महत्या करना चाहती हूँ", "जीने का मन नहीं है", "main marna chahta hu",
    "saya ingin mati", "aku mau bunuh diri", "gak mau hidup lagi", "lebih baik mati",
    "أريد أن أموت", "أفكر في الانتحار", "لا أريد أن أعيش", "سأقتل نفسي",
]  # fmt: skip
NO_DISTRESS = [
    "this bug is killing me", "I'm dying to try your coffee", "please kill the subscription",
    "what is the end of life date?",
    "cut my order in half", "I would die for this cake", "stop", "is it dead?", "can you jump on a call",
    "quiero comprar", "quero cancelar", "je veux un devis", "ich will nicht mehr kaufen", "voglio un rimborso",
    "saya mau beli", "أريد أن أشتري", "मुझे खरीदना है", "I have no reason to buy",
]  # fmt: skip


@pytest.mark.parametrize("text", DISTRESS)
def test_somebody_in_distress_is_heard(text: str) -> None:
    assert is_in_distress(f"hello, {text}.")


@pytest.mark.parametrize("text", NO_DISTRESS)
def test_everyday_exaggeration_is_not_taken_for_distress(text: str) -> None:
    assert not is_in_distress(text)


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("can I get 20% off?", 20.0),
        ("Me dá 15% de desconto?", 15.0),
        ("gebt mir 30 Prozent Rabatt", 30.0),
        ("any discount?", None),
        ("the battery is at 20%", None),
    ],
)
def test_a_wish_for_a_discount_is_read(text: str, asked: float | None) -> None:
    assert discount_asked_for(text) == asked


def test_hostile_strings_are_looked_at_without_harm() -> None:
    for line in INJECTIONS.read_text("utf-8").splitlines():
        text = json.loads(line)["text"]
        assert is_in_distress(text) is False
        assert isinstance(review(text[:2000], GROUND), tuple)
        assert redact_secrets(text)
