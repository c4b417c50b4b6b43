"""Which model thinks, if any."""

from django.conf import settings

from agents.reasoning.ports import ModelSettings


def model_settings() -> ModelSettings | None:
    """The configured OpenAI-compatible endpoint; None when the installation has none."""
    if not (settings.OPENAI_API_KEY or settings.OPENAI_BASE_URL):
        return None
    return ModelSettings(
        api_key=settings.OPENAI_API_KEY or "none",
        model=settings.OPENAI_MODEL_NAME,
        base_url=settings.OPENAI_BASE_URL or "",
    )
