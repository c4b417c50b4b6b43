"""One call to an OpenAI-compatible `/embeddings`: bounded in time, never repeated here, every failure named."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from agents.reasoning.breaker import Breaker

VENDOR = "https://api.openai.com/v1"
LONGEST_TEXT = 8000
"""Characters: below the 8192 tokens that one input may have, in every script."""
MOST_AT_ONCE = 64


@dataclass(frozen=True, slots=True)
class EmbeddingSettings:
    api_key: str
    model: str
    base_url: str = ""


class EmbeddingsUnavailable(Exception):
    """No vectors came. `is_about_the_text`: the server answers, only not to this text."""

    def __init__(self, detail: str, *, is_about_the_text: bool = False) -> None:
        super().__init__(detail)
        self.is_about_the_text = is_about_the_text


class EmbeddingEndpoint:
    """Safe to share between threads. It leaves a server that fails alone for a while, as the analysts do."""

    def __init__(self, settings: EmbeddingSettings) -> None:
        import openai  # only where a model is configured is it installed

        self._model = settings.model
        self._breaker = Breaker()
        self._client = openai.OpenAI(
            api_key=settings.api_key, base_url=settings.base_url or VENDOR, max_retries=0, timeout=30
        )

    def embed(self, texts: Sequence[str], *, seconds: float) -> list[list[float]]:
        """A vector for each text, in order."""
        if not self._breaker.allows(time.monotonic()):
            raise EmbeddingsUnavailable("left alone after it failed")
        try:
            vectors = self._ask([text[:LONGEST_TEXT] or " " for text in texts], seconds)
        except EmbeddingsUnavailable as unavailable:
            if not unavailable.is_about_the_text:
                self._breaker.record_failure(time.monotonic())
            raise
        self._breaker.record_success()
        return vectors

    def _ask(self, texts: list[str], seconds: float) -> list[list[float]]:
        import openai

        timeout = openai.Timeout(seconds, connect=min(seconds, 3.0))
        try:
            # base64, the client's default, breaks on some compatible servers
            answer = self._client.embeddings.create(
                model=self._model, input=texts, encoding_format="float", timeout=timeout
            )
            vectors = [list(map(float, row.embedding)) for row in sorted(answer.data, key=lambda row: row.index)]
        except openai.BadRequestError as error:
            raise EmbeddingsUnavailable(f"status {error.status_code}", is_about_the_text=True) from error
        except openai.APIError as error:
            raise EmbeddingsUnavailable(type(error).__name__) from error
        except (AttributeError, TypeError, ValueError) as error:
            raise EmbeddingsUnavailable("the answer cannot be read") from error
        if len(vectors) != len(texts) or not all(vectors):
            raise EmbeddingsUnavailable("not one vector for each text")
        return vectors


@lru_cache(maxsize=8)
def endpoint_for(settings: EmbeddingSettings) -> EmbeddingEndpoint:
    return EmbeddingEndpoint(settings)
