"""Sending on Instagram. Meta keeps no list of messages, and reports only that one was read."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from mimetypes import guess_type
from typing import Any
from urllib.parse import urlsplit

from messaging.transports import Capabilities, ErrorKind, Outgoing, Receipt, Seen, TransportError

from .checks import CAPABILITIES, MAX_BYTES
from .errors import REACTIONS
from .graph import Graph


def build(config: Mapping[str, str], secrets: Mapping[str, str]) -> InstagramTransport:
    return InstagramTransport(Graph(config, secrets))


class InstagramTransport:
    capabilities: Capabilities = CAPABILITIES

    def __init__(self, graph: Graph) -> None:
        self._graph = graph

    def send(self, outgoing: Outgoing) -> Receipt:
        answer = self._graph.call("POST", f"/{self._graph.node}/messages", json=_message(outgoing))
        message_id = answer.get("message_id")
        if not isinstance(message_id, str) or not 0 < len(message_id) <= 160:
            raise TransportError(ErrorKind.UNKNOWN, detail="success was announced without a message id")
        return Receipt(provider_id=message_id, status="accepted")

    def list_recent(self, *, to: str | None = None, sender: str | None = None, since: datetime) -> list[Seen]:
        raise TransportError(ErrorKind.REJECTED, detail="Meta keeps no list of messages")


def _message(outgoing: Outgoing) -> dict[str, Any]:
    return {"recipient": {"id": outgoing.to}, **_kind_of(outgoing), "message": _words(outgoing)}


def _kind_of(outgoing: Outgoing) -> dict[str, str]:
    """The tag is a promise to Meta that a person wrote it: the gate lets nobody else through so late."""
    if not outgoing.in_human_window:
        return {"messaging_type": "RESPONSE"}
    if not outgoing.author:
        detail = "only a person may still answer, and no person wrote this"
        raise TransportError(ErrorKind.WINDOW_CLOSED, code="10:2534022", detail=detail)
    return {"messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT"}


def _words(outgoing: Outgoing) -> dict[str, Any]:
    if outgoing.media:
        return {"attachment": {"type": _family(outgoing), "payload": {"url": outgoing.media[0]}}}
    if len(outgoing.body.encode("utf-8", "replace")) > MAX_BYTES:
        reaction = REACTIONS["too_long"]
        raise TransportError(reaction.kind, code="too_long", detail=reaction.meaning, reaction=reaction)
    return {"text": outgoing.body}


def _family(outgoing: Outgoing) -> str:
    content_type = outgoing.files[0].content_type if outgoing.files else guess_type(urlsplit(outgoing.media[0]).path)[0]
    family = (content_type or "").partition("/")[0]
    return family if family in ("image", "audio", "video") else "file"
