"""Which models think, if any."""

from django.conf import settings

from agents.reasoning.ports import ModelSettings


def model_settings() -> ModelSettings | None:
    """The configured OpenAI-compatible endpoint with those that stand in for it; None when there is none."""
    if not (settings.OPENAI_API_KEY or settings.OPENAI_BASE_URL):
        return None
    return ModelSettings(
        api_key=settings.OPENAI_API_KEY or "none",
        model=settings.OPENAI_MODEL_NAME,
        base_url=settings.OPENAI_BASE_URL or "",
        cheaper_model=settings.OPENAI_CHEAPER_MODEL,
        fallbacks=tuple(
            ModelSettings(
                api_key=fallback.get("api_key") or "none",
                model=fallback["model"],
                base_url=fallback.get("base_url", ""),
                cheaper_model=fallback.get("cheaper_model", ""),
            )
            for fallback in settings.OPENAI_FALLBACKS
        ),
    )
