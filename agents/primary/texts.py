"""The few sentences that the primary agent says by rule, in the customer's language."""

OPTED_OUT = {
    "en": "You will get no more messages from us here. Write START if you change your mind.",
    "es": "No recibirá más mensajes nuestros por aquí. Escriba START si cambia de opinión.",
    "pt": "Você não receberá mais mensagens nossas por aqui. Escreva START se mudar de ideia.",
    "fr": "Vous ne recevrez plus de messages de notre part ici. Écrivez START si vous changez d'avis.",
    "de": "Sie erhalten hier keine Nachrichten mehr von uns. Schreiben Sie START, wenn Sie es sich anders überlegen.",
    "it": "Qui non riceverà più messaggi da noi. Scriva START se cambia idea.",
}
OPTED_IN = {
    "en": "Welcome back. You will hear from us here again.",
    "es": "Bienvenido de nuevo. Volverá a recibir nuestros mensajes por aquí.",
    "pt": "Bem-vindo de volta. Você voltará a receber nossas mensagens por aqui.",
    "fr": "Bon retour. Vous recevrez de nouveau nos messages ici.",
    "de": "Willkommen zurück. Sie hören hier wieder von uns.",
    "it": "Bentornato. Qui riceverà di nuovo i nostri messaggi.",
}
PHRASES = {"opted_out": OPTED_OUT, "opted_in": OPTED_IN}


def phrase(name: str, language: str) -> str:
    """The sentence in the lead's language, or in English."""
    translations = PHRASES[name]
    return translations.get(language[:2].lower(), translations["en"])
