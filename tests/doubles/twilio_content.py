"""Twilio's Content API: templates, their approvals, and the shapes in which the approvals really come."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass, field
from typing import Any, Final

from tests.doubles.server import Answer, Hang, Request, Response
from tests.doubles.twilio_book import Refusal

PATHS: Final = re.compile(
    r"/v1/(?P<list>ContentAndApprovals)"
    r"|/v1/Content(?:/(?P<sid>HX[0-9a-f]{32})/ApprovalRequests/whatsapp)?"
)
CATEGORIES: Final = ("UTILITY", "MARKETING", "AUTHENTICATION")

Json = dict[str, Any]


@dataclass(slots=True)
class Template:
    sid: str
    name: str
    language: str
    types: Json
    variables: Json
    status: str = "unsubmitted"
    category: str = ""
    reason: str = ""

    def approval(self, shape: str) -> Any:
        told = {
            "name": self.name,
            "category": self.category,
            "content_type": next(iter(self.types)),
            "status": self.status,
            "rejection_reason": self.reason,
            "allow_category_change": True,
        }
        return {"nested": {"whatsapp": told}, "list": [{"whatsapp": told}], "none": None}.get(shape, told)


@dataclass(slots=True)
class Content:
    """`shape` is how approvals are shown: flat, nested, list or none. `faults` are used up by the next requests:
    429, broken, hang, foreign (the next page is at somebody else's), odd (one content makes no sense)."""

    url: str = ""
    shape: str = "flat"
    page_size: int = 2
    templates: list[Template] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)

    def add(self, name: str, body: str = "Hi", *, status: str = "approved", **more: Any) -> Template:
        given = {"language": "en", "types": {"twilio/text": {"body": body}}, "variables": {}, "category": "UTILITY"}
        template = Template(f"HX{uuid.uuid4().hex}", name, status=status, **(given | more))
        self.templates.append(template)
        return template

    def answer(self, request: Request) -> Answer:
        self.requests.append(request)
        fault = self.faults.pop(0) if self.faults else ""
        if fault == "429":
            raise Refusal(429, 20429, "Too Many Requests")
        if fault == "broken":
            return Response(200, b'{"contents": [{"sid": "HX')
        if fault == "hang":
            return Hang()
        matched = PATHS.fullmatch(request.path)
        assert matched
        if matched["list"]:
            return self._list(request, fault)
        return self._submit(matched["sid"], request) if matched["sid"] else self._create(request)

    def _list(self, request: Request, fault: str) -> Answer:
        start = int(request.query.get("PageToken", "0"))
        shown = [self._shown(each) for each in self.templates[start : start + self.page_size]]
        following = start + self.page_size
        has_more = following < len(self.templates)
        base = "https://evil.test" if fault == "foreign" else self.url
        url = f"{base}/v1/ContentAndApprovals?PageSize={self.page_size}&PageToken={following}"
        if fault == "odd":
            shown[0]["types"] = None
        meta = {"page_size": self.page_size, "next_page_url": url if has_more or fault == "foreign" else None}
        return Response.json(200, {"contents": shown, "meta": meta})

    def _create(self, request: Request) -> Answer:
        asked = request.json()
        if not asked.get("language") or not asked.get("types"):
            raise Refusal(400, 20001, "language and types are required")
        name = str(asked.get("friendly_name"))
        made = self.add(name, status="unsubmitted", **{k: asked[k] for k in ("language", "types", "variables")})
        made.category = ""
        return Response.json(201, self._shown(made))

    def _submit(self, sid: str, request: Request) -> Answer:
        template = next((each for each in self.templates if each.sid == sid), None)
        if template is None:
            raise Refusal(404, 20404, "The requested resource was not found")
        asked = request.json()
        if asked.get("category") not in CATEGORIES or not re.fullmatch(r"[a-z0-9_]+", asked.get("name", "")):
            raise Refusal(400, 20001, "Invalid parameter")
        template.status, template.category = "received", asked["category"]
        return Response.json(201, template.approval("flat"))

    def _shown(self, template: Template) -> Json:
        return {
            "sid": template.sid,
            "friendly_name": template.name,
            "language": template.language,
            "types": template.types,
            "variables": template.variables,
            "approval_requests": template.approval(self.shape),
        }
