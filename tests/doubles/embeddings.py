"""A double of an OpenAI-compatible `/embeddings`: texts that share meanings point the same way.

A meaning is a group of words; a text's vector counts how often each group occurs. Enough to tell a search by meaning
from a search by words.
"""

from __future__ import annotations

from typing import Any

from tests.doubles.server import Answer, Hang, HttpDouble, Request, Response

MEANINGS = (
    ("return", "send back", "bring back", "undo my purchase"),
    ("warranty", "breaks", "broke down"),
    ("parking", "leave my car"),
    ("price", "cost"),
)


class EmbeddingsDouble(HttpDouble):
    def __init__(self) -> None:
        super().__init__()
        self.fault = ""
        self.asked: list[dict[str, Any]] = []

    @property
    def base_url(self) -> str:
        return f"{self.url}/v1"

    def answer(self, request: Request) -> Answer:
        body = request.json()
        self.asked.append(body)
        if self.fault == "hang":
            return Hang(5.0)
        if self.fault == "server_error":
            return Response.json(500, {"error": {"message": "down"}})
        if self.fault == "cut":
            return Response.json(200, {"data": []})
        if self.fault == "rejects" and any("poison" in text for text in body["input"]):
            return Response.json(400, {"error": {"message": "cannot embed this", "code": "bad_input"}})
        rows = [{"index": place, "embedding": vector_of(text)} for place, text in enumerate(body["input"])]
        usage = {"prompt_tokens": 1, "total_tokens": 1}
        return Response.json(200, {"object": "list", "data": rows[::-1], "model": body["model"], "usage": usage})


def vector_of(text: str) -> list[float]:
    low = text.lower()
    return [*(float(sum(low.count(word) for word in meaning)) for meaning in MEANINGS), 0.1]
