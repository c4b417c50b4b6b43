"""The few sentences that the primary agent says by rule, in the customer's language."""

OPTED_OUT = {
    "en": "You will get no more messages from us here. Write START if you change your mind.",
    "es": "No recibirá más mensajes nuestros por aquí. Escriba START si cambia de opinión.",
    "pt": "Você não receberá mais mensagens nossas por aqui. Escreva START se mudar de ideia.",
    "fr": "Vous ne recevrez plus de messages de notre part ici. Écrivez START si vous changez d'avis.",
    "de": "Sie erhalten hier keine Nachrichten mehr von uns. Schreiben Sie START, wenn Sie es sich anders überlegen.",
    "it": "Qui non riceverà più messaggi da noi. Scriva START se cambia idea.",
    "hi": "अब आपको यहाँ हमारे संदेश नहीं मिलेंगे। मन बदले तो START लिखें।",
    "id": "Anda tidak akan menerima pesan kami lagi di sini. Tulis START jika berubah pikiran.",
    "ar": "لن تصلك رسائل منا هنا بعد الآن. اكتب START إذا غيّرت رأيك.",
}
OPTED_IN = {
    "en": "Welcome back. You will hear from us here again.",
    "es": "Bienvenido de nuevo. Volverá a recibir nuestros mensajes por aquí.",
    "pt": "Bem-vindo de volta. Você voltará a receber nossas mensagens por aqui.",
    "fr": "Bon retour. Vous recevrez de nouveau nos messages ici.",
    "de": "Willkommen zurück. Sie hören hier wieder von uns.",
    "it": "Bentornato. Qui riceverà di nuovo i nostri messaggi.",
    "hi": "फिर से स्वागत है। अब आपको यहाँ हमारे संदेश मिलेंगे।",
    "id": "Selamat datang kembali. Anda akan menerima pesan kami lagi di sini.",
    "ar": "أهلًا بعودتك. ستصلك رسائلنا هنا من جديد.",
}
AGREED = {
    "en": "Thank you. You will get our news and offers here. Write STOP whenever you have had enough.",
    "es": "Gracias. Recibirá por aquí nuestras novedades y ofertas. Escriba STOP cuando no quiera más.",
    "pt": "Obrigado. Você receberá nossas novidades e ofertas por aqui. Escreva STOP quando não quiser mais.",
    "fr": "Merci. Vous recevrez ici nos actualités et nos offres. Écrivez STOP quand vous n'en voudrez plus.",
    "de": "Danke. Sie erhalten hier unsere Neuigkeiten und Angebote. Schreiben Sie STOP, wenn es genug ist.",
    "it": "Grazie. Qui riceverà le nostre novità e offerte. Scriva STOP quando non le vorrà più.",
    "hi": "धन्यवाद। आपको यहाँ हमारे समाचार और ऑफ़र मिलेंगे। न चाहें तो कभी भी STOP लिखें।",
    "id": "Terima kasih. Anda akan menerima kabar dan penawaran kami di sini. Tulis STOP bila sudah cukup.",
    "ar": "شكرًا لك. ستصلك أخبارنا وعروضنا هنا. اكتب STOP متى اكتفيت.",
}
PHRASES = {"opted_out": OPTED_OUT, "opted_in": OPTED_IN, "agreed": AGREED}


def phrase(name: str, language: str) -> str:
    """The sentence in the lead's language, or in English."""
    translations = PHRASES[name]
    return translations.get(language[:2].lower(), translations["en"])
