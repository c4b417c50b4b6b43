"""What nobody could answer: collected, grouped, answered once, then known. And what customers hear meanwhile."""

import pytest

from agents.knowledge.sources import add_source
from agents.knowledge.unanswered import AlreadySettled, answer_question, dismiss_question
from agents.models import KnowledgeEntry, ToolCall, UnansweredQuestion
from crm.models import Product, StockAlert
from crm.services.catalogue import set_stock
from project.kernel.errors import WrongValues
from project.kernel.scope import workspace_scope
from tests.journeys.world import World

ANOTHER_PHONE = "+5511912345678"


def questions(world: World) -> list[UnansweredQuestion]:
    with workspace_scope(world.acme):
        return list(UnansweredQuestion.objects.order_by("id"))


def product(world: World, **changes: object) -> Product:
    values = {"sku": "MUG", "name": "Azulejo Mug", "price": 16, "currency": "EUR", "stock": 0, **changes}
    with workspace_scope(world.acme):
        return Product.objects.create(workspace=world.acme, updated_at=world.now, **values)


def test_a_question_without_an_answer_is_collected_and_alike_ones_are_one(world: World) -> None:
    world.davi_says("Do you have parking?")
    world.davi_writes("Is there any parking at the shop?", phone=ANOTHER_PHONE)
    world.settle()
    [question] = questions(world)
    assert (question.text, question.times_asked) == ("Do you have parking?", 2)
    world.wait(minutes=1)
    world.davi_writes("Do you sell elephants?", phone=ANOTHER_PHONE)
    world.settle()
    assert [each.times_asked for each in questions(world)] == [2, 1]
    assert "put on the list" in world.trail("knowledge.unanswered")[0].reason


def test_it_is_answered_once_and_then_known(world: World) -> None:
    world.davi_says("Do you have parking?")
    [question] = questions(world)
    with workspace_scope(world.acme):
        answer_question(question=question, answer="Yes, behind the shop.", user=world.bruno, now=world.now)
        with pytest.raises(AlreadySettled):
            dismiss_question(question=question, user=world.bruno, now=world.now)
    world.davi_says("So is there parking?")
    assert world.heard()[-1] == "Yes, behind the shop."
    assert len(questions(world)) == 1
    [cited] = world.trail("turn.decided")[-1].facts["cited"]
    with workspace_scope(world.acme):
        assert cited == f"entry:{KnowledgeEntry.objects.get().pk}"


def test_an_empty_answer_is_refused(world: World) -> None:
    world.davi_says("Do you have parking?")
    [question] = questions(world)
    with workspace_scope(world.acme), pytest.raises(WrongValues, match="write the answer"):
        answer_question(question=question, answer="  ", user=world.bruno, now=world.now)


@pytest.mark.parametrize("text", ["Hello", "thanks", "I want to talk to a human", "STOP", "👍", "idiots"])
def test_what_is_no_question_is_not_collected(world: World, text: str) -> None:
    world.davi_says(text)
    assert questions(world) == []


def test_of_a_long_passage_the_sentence_that_answers_is_said(world: World) -> None:
    filler = " ".join(f"Our roastery number {n} stands in a quiet street of Porto." for n in range(9))
    with workspace_scope(world.acme):
        text = f"# Kettles\n{filler} A kettle is descaled with vinegar every month. {filler}"
        add_source(workspace=world.acme, kind="text", title="Care", original=text.encode(), now=world.now)
    world.settle()
    world.davi_says("How is a kettle descaled?")
    assert "descaled with vinegar every month." in world.heard()[-1]
    assert len(world.heard()[-1]) < 400
    decided = world.trail("turn.decided")[-1]
    assert decided.facts["cited"][0].startswith("chunk:")
    assert "Care · Kettles" in str(decided.facts["sources"])


# -- tools without a model -------------------------------------------------------------------------------------------


def test_the_stock_is_told_and_who_says_yes_is_put_on_the_list_once(world: World) -> None:
    mug = product(world)
    world.davi_says("Is the Azulejo mug in stock?")
    assert "out of stock" in world.heard()[-1]
    world.davi_says("yes please")
    assert "as soon as Azulejo Mug is back" in world.heard()[-1]
    world.davi_says("Let me know when the Azulejo mug is back in stock")
    with workspace_scope(world.acme):
        alert = StockAlert.objects.get()
        assert (alert.product_id, alert.state, alert.context) == (mug.pk, "waiting", "yes please")
        assert list(ToolCall.objects.order_by("id").values_list("tool", "caller", "state")) == [
            ("check_stock", "customer", "done"),
            ("create_stock_alert", "customer", "done"),
            ("create_stock_alert", "customer", "done"),
        ]
    assert len(world.trail("tool.called")) == 3
    assert len(world.trail("stock_alert.requested")) == 1


def test_in_the_customers_language_with_the_price(world: World) -> None:
    product(world, stock=3)
    world.davi_says("Olá, vocês têm a Azulejo Mug em estoque?")
    assert "está disponível" in world.heard()[-1]
    assert "16,00" in world.heard()[-1]


def test_what_is_not_counted_is_not_claimed(world: World) -> None:
    product(world, stock=None)
    world.davi_says("Is the Azulejo mug in stock?")
    assert "I cannot see" in world.heard()[-1]


def test_a_product_is_told_where_the_knowledge_says_nothing(world: World) -> None:
    product(world, stock=3)
    world.davi_says("How much is the Azulejo mug?")
    assert "€16.00" in world.heard()[-1]
    with workspace_scope(world.acme):
        set_stock(product=Product.objects.get(), stock=0, now=world.now)


def test_a_wish_for_an_appointment_is_answered_with_a_link_that_knows_the_lead(world: World) -> None:
    world.acme.booking_url = "https://book.test/acme"
    world.acme.save(update_fields=["booking_url"])
    world.davi_says("I would like to book an appointment")
    assert "https://book.test/acme?" in world.heard()[-1]
    assert "utm_content=" in world.heard()[-1]
    world.davi_says("can I book an appointment please?")
    assert world.heard()[-1] == world.heard()[-2]
    assert len(world.trail("booking.offered")) == 1


# -- guardrails in a conversation ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "word"), [("I want to kill myself", "112"), ("não quero mais viver", "188"), ("ich will sterben", "112")]
)
def test_somebody_in_distress_hears_safe_words_and_a_person_is_called_at_once(
    world: World, text: str, word: str
) -> None:
    world.davi_says(text)
    assert len(world.heard()) == 1
    assert word in world.heard()[0]
    assert (world.handover.trigger, world.handover.urgency) == ("explicit_request", "urgent")
    assert "harm themselves" in world.handover.reason


def test_distress_while_a_person_is_in_charge_alerts_the_team(world: World) -> None:
    world.davi_says("Hello")
    world.bruno_takes_over()
    world.davi_says("I want to kill myself")
    from agents.models import StaffAlert

    with workspace_scope(world.acme):
        assert StaffAlert.objects.filter(subject__contains="harm themselves").exists()


def test_a_discount_above_the_authority_goes_to_a_person(world: World) -> None:
    world.davi_says("Can I get 20% off?")
    assert world.handover.trigger == "authority_exceeded"
    assert "20 % off" in world.handover.reason


def test_a_discount_that_the_company_names_is_told(world: World) -> None:
    with workspace_scope(world.acme):
        KnowledgeEntry.objects.create(
            workspace=world.acme,
            question="Is there a discount for students?",
            answer="Students get a discount of 20 %.",
        )
    world.davi_says("Do students get a 20% discount?")
    assert world.heard()[-1] == "Students get a discount of 20 %."


def test_abuse_is_answered_calmly_and_then_by_a_person(world: World) -> None:
    for _ in range(2):
        world.davi_says("you idiot")
    assert len(world.heard()) == 2
    world.davi_says("idiots")
    assert world.handover.trigger == "negative_streak"


def test_whoever_asks_whether_it_is_a_bot_is_told_the_truth(world: World) -> None:
    world.davi_says("are you a robot?")
    assert "not a person" in world.heard()[-1]


def test_two_machines_do_not_thank_one_another_for_ever(world: World) -> None:
    for _ in range(5):
        world.davi_says("thanks")
    assert 1 <= len(world.heard()) <= 3
    assert world.handover is None


def test_the_same_answer_a_third_time_brings_a_person(world: World) -> None:
    with workspace_scope(world.acme):
        KnowledgeEntry.objects.create(workspace=world.acme, question="Where is my parcel?", answer="On its way.")
    for _ in range(3):
        world.davi_says("Where is my parcel?")
    assert world.heard()[:2] == ["On its way.", "On its way."]
    assert "repeat itself" in world.handover.reason
