"""A running web server with the doors in front of it, and Twilio's requests to it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import quote_plus, unquote_to_bytes, urlencode

import httpx
import uvicorn

from crm.models import Workspace
from messaging.channels.whatsapp_twilio.source import KIND
from messaging.doors import wrap
from messaging.doors.requests import App, Receive, Scope, Send
from messaging.models import Channel
from project.kernel.scope import across_workspaces
from tests.doubles.twilio_forms import signed_headers

PUBLIC = "https://hooks.example"
AUTH_TOKEN = "12345"


async def behind_the_doors(scope: Scope, receive: Receive, send: Send) -> None:
    """Stands for Django: tells whether a request came through."""
    await send({"type": "http.response.start", "status": 299, "headers": []})
    await send({"type": "http.response.body", "body": b"inner"})


@contextmanager
def running_doors(behind: App = behind_the_doors) -> Iterator[httpx.Client]:
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(wrap(behind), log_level="warning", lifespan="on"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        while not server.started:
            time.sleep(0.005)
        port = listener.getsockname()[1]
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=20) as client:
            yield client
    finally:
        server.should_exit = True
        thread.join(20)
        listener.close()


def make_channel(slug: str = "acme", *, auth_token: str = AUTH_TOKEN, **settings: str) -> Channel:
    with across_workspaces():
        workspace, _ = Workspace.objects.get_or_create(slug=slug, defaults={"name": slug})
        return Channel.objects.create(
            workspace=workspace,
            kind=KIND,
            name="Sales",
            sender=f"whatsapp:+1415523{Channel.objects.count():04}",
            settings={"public_base_url": PUBLIC, **settings},
            secrets={"auth_token": auth_token},  # type: ignore[misc]
        )


def post_form(
    client: httpx.Client,
    channel: Channel,
    form: dict[str, str],
    *,
    door: str = "inbound/",
    query: str = "",
    auth_token: str = AUTH_TOKEN,
    **headers: str,
) -> httpx.Response:
    """Sign and send as Twilio does, which called the public address."""
    path = f"/hooks/{KIND}/{channel.token}/{door}{query}"
    signed = signed_headers(PUBLIC + path, form, auth_token) | headers
    raw = [(name.encode(), value.encode("latin-1")) for name, value in signed.items()]
    return client.post(path, content=urlencode(form).encode(), headers=raw)


def encode(fields: dict[str, str]) -> bytes:
    """As URL-encoded UTF-8; a lone surrogate becomes the three bytes that a careless encoder makes of it."""
    return "&".join(
        f"{quote_plus(name)}={quote_plus(value.encode('utf-8', 'surrogatepass'))}" for name, value in fields.items()
    ).encode()


def sign_bytes(url: str, body: bytes) -> str:
    """Twilio's signature over the bytes themselves, for texts that are no UTF-8."""
    fields = (field.replace(b"+", b" ").partition(b"=") for field in body.split(b"&"))
    pairs = sorted({(unquote_to_bytes(name), unquote_to_bytes(value)) for name, _, value in fields})
    signed = url.encode() + b"".join(name + value for name, value in pairs)
    return base64.b64encode(hmac.new(AUTH_TOKEN.encode(), signed, hashlib.sha1).digest()).decode()
