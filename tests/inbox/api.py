"""Calling the API the way a script does: with a token, over the whole stack."""

from typing import Any

from rest_framework.test import APIClient

from crm.models import User
from crm.services.tokens import create_token
from tests.cast import NOON


class Caller:
    """A person's script. Every answer that is no success must have the API's one shape."""

    def __init__(self, user: User, **headers: str) -> None:
        self.client = APIClient(raise_request_exception=True)
        self.client.credentials(HTTP_AUTHORIZATION=f"Token {create_token(email=user.email, now=NOON)}", **headers)

    def get(self, path: str, expect: int = 200, **query: Any) -> Any:
        return self._answer(self.client.get(f"/api/v1/{path}", query), expect)

    def post(self, path: str, body: Any = None, expect: int = 200, **headers: str) -> Any:
        return self._answer(self.client.post(f"/api/v1/{path}", body, format="json", headers=headers), expect)

    def patch(self, path: str, body: Any, expect: int = 200) -> Any:
        return self._answer(self.client.patch(f"/api/v1/{path}", body, format="json"), expect)

    def raw(self, path: str, body: bytes, content_type: str = "application/json", expect: int = 400) -> Any:
        return self._answer(self.client.generic("POST", f"/api/v1/{path}", body, content_type), expect)

    def _answer(self, response: Any, expect: int) -> Any:
        assert response.status_code == expect, response.content
        answer = response.json()
        if expect >= 400:
            assert set(answer) == {"error"}
            assert {"code", "message"} <= set(answer["error"]) <= {"code", "message", "fields"}
            return answer["error"]
        return answer
