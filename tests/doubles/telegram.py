"""A double of Telegram's Bot API: it sends, tells what people do, repeats what was not taken, and misbehaves by script.

In tests:

    with TelegramDouble() as telegram:
        telegram.fault("hang_after_accept")
        ...
        telegram.book        # what reached people

Alone: `python -m tests.doubles.telegram --port 9004`.
"""

from __future__ import annotations

import argparse
import itertools
import re
import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from email import message_from_bytes
from typing import Any, Final

import urllib3

from tests.doubles.server import Answer, Hang, HttpDouble, Request, Reset, Response, run_alone

BOT_TOKEN: Final = "123456:ABC-DEF1234ghIkl-zyx57W2v1u123ew11"
USERNAME: Final = "AcmeBot"
MAX_TEXT: Final = 4096
MAX_CAPTION: Final = 1024
RETRIES: Final = 3

_CALL: Final = re.compile(r"/bot(?P<token>[^/]+)/(?P<method>\w+)")
_FILE: Final = re.compile(r"/file/bot(?P<token>[^/]+)/(?P<path>.+)")
MAX_DOWNLOAD: Final = 20 * 1024 * 1024
_SENDS: Final = {"sendMessage", "sendPhoto", "sendAudio", "sendVideo", "sendDocument"}
_http = urllib3.PoolManager(maxsize=8, retries=False, timeout=urllib3.Timeout(connect=5, read=15))


@dataclass(frozen=True, slots=True)
class Sent:
    message_id: int
    chat: int
    method: str
    text: str


_ACCEPTED: Final[dict[str, Answer]] = {
    "hang_after_accept": Hang(),
    "reset_after_accept": Reset(),
    "500_after_accept": Response.json(500, {"ok": False, "error_code": 500, "description": "Internal Server Error"}),
    "broken_200": Response(200, b'{"ok":true,"result":{"message_'),
    "empty_200": Response(200, b""),
    "no_id": Response.json(200, {"ok": True, "result": True}),
}
_REFUSED: Final[dict[str, Answer]] = {
    "reset": Reset(),
    "502_html": Response.html(502, "<html><h1>502 Bad Gateway</h1></html>"),
}


def refusal(code: int, description: str, **parameters: int) -> Response:
    said = {"ok": False, "error_code": code, "description": description}
    return Response.json(code, {**said, "parameters": parameters} if parameters else said)


class TelegramDouble(HttpDouble):
    """`blocked`: people who blocked the bot; `strangers`: people who never started it."""

    def __init__(self, *, host: str = "127.0.0.1", port: int = 0, token: str = BOT_TOKEN) -> None:
        super().__init__(host=host, port=port)
        self.token = token
        self.book: list[Sent] = []
        self.webhook: dict[str, Any] = {}
        self.blocked: set[int] = set()
        self.strangers: set[int] = set()
        self.last_error = ""
        self.pending = 0
        self.files: dict[str, tuple[str, bytes]] = {}  # a file id: its path and its content
        self.uploads: list[bytes] = []
        self._faults: deque[Answer] = deque()
        self._accepted_faults: deque[Answer] = deque()
        self._ids = itertools.count(1000)
        self._lock = threading.Lock()

    # -- the script ----------------------------------------------------------------------------------------------

    def fault(self, name: str) -> None:
        """The next message goes wrong so."""
        if name in _ACCEPTED:
            self._accepted_faults.append(_ACCEPTED[name])
        else:
            self._faults.append(_REFUSED[name])

    def refuse(self, code: int, description: str, **parameters: int) -> None:
        """The next message is refused so."""
        self._faults.append(refusal(code, description, **parameters))

    def tell(self, update: Mapping[str, Any], *, url: str = "") -> list[int]:
        """Call the webhook until it takes the update, or three times; the answers it gave."""
        answers: list[int] = []
        for _ in range(RETRIES):
            answers.append(self._call_webhook(update, url or self.webhook["url"]))
            if 200 <= answers[-1] < 300:
                break
        return answers

    def _call_webhook(self, update: Mapping[str, Any], url: str) -> int:
        headers = {"X-Telegram-Bot-Api-Secret-Token": self.webhook.get("secret_token", "")}
        return int(_http.request("POST", url, json=dict(update), headers=headers).status)

    # -- the API -------------------------------------------------------------------------------------------------

    def answer(self, request: Request) -> Answer:
        if found := _FILE.fullmatch(request.path):
            return self._give_file(found["token"], found["path"])
        called = _CALL.fullmatch(request.path)
        if called is None:
            return refusal(404, "Not Found")
        if called["token"] != self.token:
            return refusal(401, "Unauthorized")
        given = _multipart(request) if b"form-data" in request.body[:200] else request.json() or {}
        if given.get("upload"):
            self.uploads.append(given["upload"])
        if called["method"] in _SENDS:
            return self._send(called["method"], given)
        answers = {
            "getMe": self._me,
            "getWebhookInfo": self._webhook_info,
            "setWebhook": self._set_webhook,
            "getFile": self._file,
        }
        if called["method"] not in answers:
            return refusal(404, "Not Found: method not found")
        return answers[called["method"]](given)

    def _send(self, method: str, given: Mapping[str, Any]) -> Answer:
        if self._faults:
            return self._faults.popleft()
        text = given.get("text") or given.get("caption") or ""
        if refused := self._refused(method, given.get("chat_id"), text):
            return refused
        with self._lock:
            sent = Sent(next(self._ids), given["chat_id"], method, text)
            self.book.append(sent)
        if self._accepted_faults:
            return self._accepted_faults.popleft()
        chat = {"id": sent.chat, "type": "private"}
        return _good({"message_id": sent.message_id, "date": 1795176000, "chat": chat, "text": text})

    def _refused(self, method: str, chat: Any, text: str) -> Response | None:
        if not isinstance(chat, int):
            return refusal(400, "Bad Request: chat not found")
        if chat in self.blocked:
            return refusal(403, "Forbidden: bot was blocked by the user")
        if chat in self.strangers:
            return refusal(403, "Forbidden: bot can't initiate conversation with a user")
        if method == "sendMessage" and not text.strip():
            return refusal(400, "Bad Request: message text is empty")
        if len(text) > (MAX_TEXT if method == "sendMessage" else MAX_CAPTION):
            return refusal(400, "Bad Request: message is too long")
        return None

    def _file(self, given: Mapping[str, Any]) -> Answer:
        known = self.files.get(str(given.get("file_id")))
        if known is None:
            return refusal(400, "Bad Request: invalid file_id")
        path, content = known
        if len(content) > MAX_DOWNLOAD:
            return refusal(400, "Bad Request: file is too big")
        return _good({"file_id": given["file_id"], "file_path": path, "file_size": len(content)})

    def _give_file(self, token: str, path: str) -> Answer:
        content = next((content for known, content in self.files.values() if known == path), None)
        if token != self.token or content is None:
            return refusal(404, "Not Found")
        return Response(200, content, "application/octet-stream")

    def _me(self, _: Mapping[str, Any]) -> Answer:
        return _good({"id": 123456, "is_bot": True, "first_name": "Acme", "username": USERNAME})

    def _set_webhook(self, given: Mapping[str, Any]) -> Answer:
        if not str(given.get("url", "")).startswith("https://"):
            return refusal(400, "Bad Request: bad webhook: An HTTPS URL must be provided for webhook")
        self.webhook = dict(given)
        return _good(True)

    def _webhook_info(self, _: Mapping[str, Any]) -> Answer:
        shown = {"url": self.webhook.get("url", ""), "pending_update_count": self.pending}
        return _good(shown | ({"last_error_message": self.last_error} if self.last_error else {}))


def _multipart(request: Request) -> dict[str, Any]:
    """The fields of an upload; the content of its file as `upload`."""
    head = f"Content-Type: {request.headers['Content-Type']}\r\n\r\n".encode()
    given: dict[str, Any] = {}
    for part in message_from_bytes(head + request.body).walk():
        name = part.get_param("name", header="content-disposition")
        if name and part.get_filename():
            given["upload"] = part.get_payload(decode=True)
        elif name:
            given[str(name)] = bytes(part.get_payload(decode=True)).decode()  # type: ignore[arg-type]
    return {**given, "chat_id": int(given["chat_id"])}


def _good(result: Any) -> Response:
    return Response.json(200, {"ok": True, "result": result})


# -- what people do ----------------------------------------------------------------------------------------------------

_numbers = itertools.count(500_000)
DAVI: Final = {
    "id": 7_000_000_001,
    "is_bot": False,
    "first_name": "Davi",
    "last_name": "Lima",
    "username": "davi",
    "language_code": "pt-br",
}


def message_update(
    text: str = "", *, user: Mapping[str, Any] = DAVI, message_id: int | None = None, part: str = "message", **more: Any
) -> dict[str, Any]:
    """Somebody writes to the bot; `part="edited_message"` corrects it."""
    content: dict[str, Any] = {
        "message_id": message_id or next(_numbers),
        "from": dict(user),
        "chat": {"id": user["id"], "first_name": user["first_name"], "type": "private"},
        "date": 1795176000,
    }
    if text:
        content["text"] = text
    return {"update_id": next(_numbers), part: {**content, **more}}


def membership_update(status: str, *, user: Mapping[str, Any] = DAVI) -> dict[str, Any]:
    """`kicked`: the bot was blocked; `member`: it was started again."""
    bot = {"id": 123456, "is_bot": True, "first_name": "Acme", "username": USERNAME}
    old = "member" if status == "kicked" else "kicked"
    change = {
        "chat": {"id": user["id"], "type": "private"},
        "from": dict(user),
        "date": 1795176000,
        "old_chat_member": {"user": bot, "status": old},
        "new_chat_member": {"user": bot, "status": status},
    }
    return {"update_id": next(_numbers), "my_chat_member": change}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--port", type=int, default=9004)
    parser.add_argument("--token", default=BOT_TOKEN)
    asked = parser.parse_args()
    run_alone(TelegramDouble(port=asked.port, token=asked.token), name="Telegram")


if __name__ == "__main__":
    main()
