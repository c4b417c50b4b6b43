"""The templates of a WhatsApp business account at Meta."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import Any

from tests.doubles.cloud_faults import error_answer
from tests.doubles.server import Answer, Request, Response

Json = dict[str, Any]


@dataclass(slots=True)
class CloudTemplates:
    """Ids are text here and numbers in news, as at Meta. `faults`, used up by the next requests: 429, broken, odd."""

    page_size: int = 2
    templates: list[Json] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    _ids: Any = field(default_factory=lambda: itertools.count(594425479261596))

    def add(
        self, name: str, body: str = "Hi", *, language: str = "en_US", status: str = "APPROVED", **more: Any
    ) -> Json:
        template = {
            "id": str(next(self._ids)),
            "name": name,
            "language": language,
            "status": status,
            "category": "UTILITY",
            "quality_score": {"score": "GREEN", "date": 1763640000},
            "rejected_reason": "NONE",
            "components": [{"type": "BODY", "text": body}],
            **more,
        }
        self.templates.append(template)
        return template

    def find(self, name: str, language: str) -> Json | None:
        return next((each for each in self.templates if (each["name"], each["language"]) == (name, language)), None)

    def answer(self, request: Request) -> Answer:
        self.requests.append(request)
        fault = self.faults.pop(0) if self.faults else ""
        if fault == "429":
            return error_answer(429, 80007, "Rate limit issues")
        if fault == "broken":
            return Response(200, b'{"data": [{"name": "ord')
        return self._create(request) if request.method == "POST" else self._list(request, fault)

    def _list(self, request: Request, fault: str) -> Answer:
        start = int(request.query.get("after", "0"))
        shown = [dict(each) for each in self.templates[start : start + self.page_size]]
        if fault == "odd":
            shown[0]["language"] = None
        following = str(start + self.page_size)
        has_more = int(following) < len(self.templates)
        more = {"next": f"https://graph.facebook.com/x?access_token=secret&after={following}"} if has_more else {}
        return Response.json(200, {"data": shown, "paging": {"cursors": {"before": "0", "after": following}, **more}})

    def _create(self, request: Request) -> Answer:
        asked = request.json()
        if self.find(asked["name"], asked["language"]):
            return error_answer(400, 100, "There is already English content for this template")
        made = self.add(asked["name"], language=asked["language"], status="PENDING", category=asked["category"])
        made["components"] = asked["components"]
        return Response.json(200, {"id": made["id"], "status": "PENDING", "category": made["category"]})
