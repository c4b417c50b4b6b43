"""What a customer says outright, in every language of the phrase books, and what only sounds like it."""

import pytest

from agents.reasoning.explicit import read_explicit

PERSON_WANTED = [
    "I want to talk to a human",
    "can a real person call me?",
    "speak to someone",
    "Human please",
    "AGENT",
    "agent pls",
    "i need an agent",
    "Are you a bot? I want a human",
    "I don't want to talk to a bot",
    "I don't want a bot, I want a human",
    "can i speak with your manager",
    "Let me talk to a person!!",
    "connect me with a sales rep",
    "I'd like to speak to someone about pricing",
    "How do I talk to a human?",
    "huuuman",
    "is anyone there?",
    "could you please call me back",
    "Can I, please, talk to a human?",
    "I would like to be transferred to an agent",
    "Can I talk to a real person or are you a bot?",
    "I\u2019d rather talk to a person",
    "Hello\nhuman",
    "ＨＵＭＡＮ",
    "quiero hablar con una persona",
    "¿Puedo hablar con un humano?",
    "Pásame con un asesor",
    "me pueden llamar por favor?",
    "quero falar com um atendente",
    "posso falar com alguém?",
    "me passa pra um atendente",
    "não quero falar com robô",
    "Atendente por favor",
    "Puis-je parler à quelqu'un ?",
    "passez-moi un conseiller svp",
    "Ich möchte mit einem Menschen sprechen",
    "verbinden Sie mich bitte mit einem Berater",
    "vorrei parlare con un operatore",
    "posso parlare con una persona?",
    "saya mau bicara dengan manusia",
    "मुझे किसी इंसान से बात करनी है",
    "mujhe kisi insaan se baat karni hai",
    "أريد التحدث مع شخص حقيقي",
    "هل يمكنني التحدث مع إنسان؟",
]
NO_PERSON_WANTED = [
    "Are you a human?",
    "are you a real person?",
    "am I talking to a real person or a bot?",
    "Is this a bot?",
    "human resources",
    "We use it in human resources",
    "What are your agent fees?",
    "no, I don't want an agent",
    "no human please",
    "I don't need to talk to a human",
    "I'd rather not talk to a person",
    "I am a real estate agent",
    "how many agents can I add?",
    "price per person",
    "I need a table for one person",
    "someone told me about you",
    "Do I have to talk to a person to cancel?",
    "can customers talk to a human in your product?",
    "I'll talk to my manager and get back to you",
    "I already spoke to an agent yesterday",
    "call me Bob",
    "don't stop",
    "¿Eres humano?",
    "recursos humanos",
    "precio por persona",
    "no quiero hablar con un agente",
    "você é humano ou robô?",
    "preço por pessoa",
    "sou corretora de imóveis",
    "não preciso falar com ninguém",
    "êtes-vous un humain ?",
    "je ne veux pas parler à un conseiller",
    "sind Sie ein Mensch?",
    "Ich möchte Informationen",
    "parlo con una persona vera?",
    "apakah anda manusia?",
    "क्या आप इंसान हैं?",
    "هل أنت إنسان؟",
    "حقوق الإنسان",
]
OPTED_OUT = [
    "STOP",
    "Stop!!",
    "please stop",
    "ｓｔｏｐ",
    "Stoooop",
    "S\u200bTOP",
    "hello\nSTOP",
    "I'm not interested. Stop.",
    "UNSUBSCRIBE",
    "stop messaging me",
    "Stop sending me messages",
    "don't text me again",
    "remove me from your list",
    "leave me alone",
    "opt-out",
    "I don't want to receive any more messages",
    "how do I unsubscribe?",
    "BAJA",
    "darme de baja",
    "no me escriban más",
    "dejen de escribirme",
    "pare",
    "SAIR",
    "pare de me mandar mensagens",
    "não quero mais receber mensagens",
    "arrêtez de m'écrire",
    "je veux me désabonner",
    "Abmelden",
    "Hören Sie auf mir zu schreiben",
    "smettete di scrivermi",
    "jangan kirim pesan lagi",
    "मैसेज भेजना बंद करो",
    "message mat bhejo",
    "إلغاء الاشتراك",
    "توقفوا عن إرسال الرسائل",
]
NOT_OPTED_OUT = [
    "don't stop",
    "please don't stop messaging me",
    "stop by tomorrow",
    "I'll stop by at 5",
    "cancel my order",
    "I want to cancel my appointment",
    "bus stop",
    "the bus stop is near",
    "non-stop flight",
    "it stopped working",
    "can my customers unsubscribe?",
    "don't call me before 9",
    "Can we end the call",
    "quiero cancelar mi pedido",
    "parada de autobús",
    "no dejen de escribirme",
    "quero cancelar meu pedido",
    "não pare",
    "ponto de ônibus",
    "arrêt de bus",
    "meine Bestellung stornieren",
    "non smettete di scrivermi",
    "jangan berhenti",
    "إلغاء الطلب",
]


@pytest.mark.parametrize("text", PERSON_WANTED)
def test_a_request_for_a_person_is_heard(text: str) -> None:
    assert read_explicit(text).wants_human
    assert not read_explicit(text).opt_out


@pytest.mark.parametrize("text", NO_PERSON_WANTED)
def test_what_only_sounds_like_a_request_for_a_person_is_not_one(text: str) -> None:
    assert not read_explicit(text).wants_human, read_explicit(text).matched


@pytest.mark.parametrize("text", OPTED_OUT)
def test_an_opt_out_is_heard(text: str) -> None:
    assert read_explicit(text).opt_out


@pytest.mark.parametrize("text", NOT_OPTED_OUT)
def test_what_only_sounds_like_an_opt_out_is_not_one(text: str) -> None:
    assert not read_explicit(text).opt_out, read_explicit(text).matched


@pytest.mark.parametrize("text", ["START", "unstop", "sign me up again", "quiero volver a recibir mensajes"])
def test_an_opt_in_is_heard(text: str) -> None:
    assert read_explicit(text).opt_in


@pytest.mark.parametrize("text", ["start", "don't sign me up", "não quero receber novidades"])
def test_only_the_whole_word_opts_in(text: str) -> None:
    assert read_explicit(text).opt_in is (text == "start")


def test_it_says_what_was_heard_and_in_which_language() -> None:
    heard = read_explicit("Bom dia, quero falar com um atendente")
    assert heard.matched == "quero falar com um atendente"
    assert heard.language == "pt"


@pytest.mark.parametrize("text", ["", " ", "\x00", "\ud800", "🙂" * 50, "?!.,", "\n\n"])
def test_strange_texts_say_nothing(text: str) -> None:
    heard = read_explicit(text)
    assert not (heard.wants_human or heard.opt_out or heard.opt_in)


def test_a_wish_at_the_end_of_a_huge_text_is_heard() -> None:
    assert read_explicit("blah blah. " * 20_000 + "I want to talk to a human").wants_human
