"""How the creation of a message goes wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tests.doubles.server import Answer, Hang, Reset, Response
from tests.doubles.twilio_book import Refusal, refusal_answer

_UNAVAILABLE: Final = Response.html(503, "<html><body><h1>503 Service Unavailable</h1></body></html>")

# In the book, with callbacks, but the good news does not arrive.
_ACCEPTED: Final[dict[str, Answer]] = {
    "hang_after_accept": Hang(),
    "reset_after_accept": Reset(),
    "503_after_accept": _UNAVAILABLE,
    "broken_201": Response(201, b'{"sid": "SM0000'),
    "empty_201": Response(201, b""),
    "cut_201": Response(201, b'{"sid": "SM0000', promised_length=900),
    "unexpected_201": Response.json(201, ["not", "a", "message"]),
}
_NOT_ACCEPTED: Final[dict[str, Answer]] = {
    "hang_before_accept": Hang(),
    "reset": Reset(),
    "429": refusal_answer(Refusal(429, 20429, "Too Many Requests")),
    "503_html": _UNAVAILABLE,
}
FAULTS: Final = {*_ACCEPTED, *_NOT_ACCEPTED, "error", "slow"}


@dataclass(slots=True)
class Fault:
    """`error` needs a `code`; `slow` answers well after `ms`; `to` spares everybody else."""

    name: str
    times: int = 1
    code: int = 0
    status: int = 400
    ms: int = 0
    to: str = ""

    def __post_init__(self) -> None:
        if self.name not in FAULTS:
            raise ValueError(f"fault {self.name!r} is not one of: {', '.join(sorted(FAULTS))}")

    @property
    def is_accepted(self) -> bool:
        return self.name in _ACCEPTED

    @property
    def answer(self) -> Answer:
        if self.name == "error":
            return refusal_answer(Refusal(self.status, self.code, f"Scripted error {self.code}"))
        return _ACCEPTED.get(self.name) or _NOT_ACCEPTED[self.name]
