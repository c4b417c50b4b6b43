"""Scores and their parts: pure."""

from agents.qualification.scores import Evidence, engagement, fit, intent


def evidence(**changes: object) -> Evidence:
    return Evidence(**({"deeds": {}, "intents": {}, "facts": {}} | changes))  # type: ignore[arg-type]


def test_engagement_is_points_against_as_many_of_the_weightiest_deeds() -> None:
    score = engagement(evidence(deeds={"message_reply": 3, "calendly_book": 1}))
    assert score.value == round(100 * (3 * 5 + 15) / (4 * 25))
    assert score.parts == (("3 × replies", 15), ("1 × calls booked", 15))


def test_nothing_done_is_no_engagement_and_referrals_alone_are_all_of_it() -> None:
    assert engagement(evidence()).value == 0
    assert engagement(evidence(deeds={"referral_made": 4})).value == 100


def test_unknown_deeds_count_for_nothing() -> None:
    assert engagement(evidence(deeds={"danced": 9})).value == 0


def test_intent_adds_up_to_its_parts() -> None:
    score = intent(evidence(intents={"pricing": 2, "purchase_intent": 1}, facts={"budget": "R$ 5"}))
    assert score.value == sum(points for _, points in score.parts) == 45 + 20 + 20 // 3 + 15
    assert score.parts[0] == ("wants to buy", 45)


def test_a_complaint_lowers_the_intent_but_never_below_nothing() -> None:
    assert intent(evidence(intents={"complaint": 3})).value == 0
    assert intent(evidence(intents={"pricing": 1, "complaint": 1})).value == 5


def test_fit_grows_with_what_is_known_and_with_the_same_line_of_business() -> None:
    facts = {"company": "Prado", "industry": "healthcare"}
    assert fit(evidence(facts=facts)).value == 35
    assert fit(evidence(facts=facts, business="Software for healthcare")).value == 55


def test_scores_stay_within_a_hundred() -> None:
    everything = dict.fromkeys(["purchase_intent", "booking", "pricing", "referral", "stock_alert"], 5)
    assert intent(evidence(intents=everything, deeds={"calendly_book": 1})).value == 100


def test_the_models_view_pulls_and_is_shown() -> None:
    score = intent(evidence(intents={"pricing": 1}, opinion={"intent": 90}))
    assert score.value == 20 + round((90 - 20) * 0.3)
    assert ("the model's own view", 21) in score.parts
