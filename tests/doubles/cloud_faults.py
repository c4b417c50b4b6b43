"""How a call to send goes wrong at Meta."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tests.doubles.server import Answer, Hang, Reset, Response

_UNAVAILABLE: Final = Response.html(503, "<html><body><h1>Sorry, something went wrong.</h1></body></html>")

# On its way, with statuses, but the good news does not arrive.
_ACCEPTED: Final[dict[str, Answer]] = {
    "hang_after_accept": Hang(),
    "reset_after_accept": Reset(),
    "503_after_accept": _UNAVAILABLE,
    "broken_200": Response(200, b'{"messages": [{"id": "wamid.'),
    "empty_200": Response(200, b""),
    "cut_200": Response(200, b'{"messages": [{"id": "wamid.', promised_length=900),
    "unexpected_200": Response.json(200, ["not", "an", "answer"]),
    "id_missing": Response.json(200, {"messaging_product": "whatsapp", "messages": [{}]}),
}
_NOT_ACCEPTED: Final[dict[str, Answer]] = {
    "hang_before_accept": Hang(),
    "reset": Reset(),
    "503_html": _UNAVAILABLE,
    "429_html": Response.html(429, "<html>Too many requests</html>"),
}
FAULTS: Final = {*_ACCEPTED, *_NOT_ACCEPTED, "error"}


@dataclass(slots=True)
class Fault:
    """`error` needs a `code`; `to` spares everybody else."""

    name: str
    times: int = 1
    code: int = 0
    status: int = 400
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
            return error_answer(self.status, self.code, f"Scripted error {self.code}")
        return _ACCEPTED.get(self.name) or _NOT_ACCEPTED[self.name]


def error_answer(status: int, code: int, details: str) -> Response:
    error = {
        "message": f"(#{code}) {details}",
        "type": "OAuthException",
        "code": code,
        "error_data": {"messaging_product": "whatsapp", "details": details},
        "fbtrace_id": "Az8or2yhqkZfEZ-_4Qn_Bam",
    }
    return Response.json(status, {"error": error})
