"""The staff's socket."""

from types import SimpleNamespace

import pytest
from asgiref.sync import sync_to_async
from channels.layers import get_channel_layer
from channels.routing import URLRouter
from django.contrib.auth.models import AnonymousUser

from inbox.routing import websocket_urlpatterns
from messaging.live import workspace_group
from tests.cast import Cast, gather_cast
from tests.sockets import Socket

pytestmark = pytest.mark.django_db(transaction=True)


def socket_of(user: object) -> Socket:
    return Socket(URLRouter(websocket_urlpatterns), "/ws/inbox/acme/", user=user)


@pytest.fixture
async def cast() -> Cast:
    return await sync_to_async(gather_cast)()


async def test_a_member_hears_what_changed_and_who_is_waiting(cast: Cast) -> None:
    socket = socket_of(cast.vera)
    assert await socket.connect() is None
    news = [
        {"type": "conversation.changed", "conversation": cast.conversation.pk, "seq": 7},
        {"type": "handover.alert", "conversation": cast.conversation.pk, "handover": 1, "text": "Davi is waiting."},
    ]
    for item in news:
        await get_channel_layer().group_send(workspace_group(cast.acme.pk), item)
        assert await socket.receive_json() == item
    await socket.disconnect()


async def test_what_a_page_says_is_dropped_however_odd(cast: Cast) -> None:
    socket = socket_of(cast.bruno)
    await socket.connect()
    await socket.send_text("{not json")
    await socket.send_bytes(b"\xff\x00")
    item = {"type": "conversation.changed", "conversation": 1, "seq": 1}
    await get_channel_layer().group_send(workspace_group(cast.acme.pk), item)
    assert await socket.receive_json() == item
    await socket.disconnect()


async def test_strangers_and_the_anonymous_are_turned_away(cast: Cast) -> None:
    for nobody in (cast.clara, AnonymousUser(), SimpleNamespace(is_authenticated=False)):
        assert await socket_of(nobody).connect() == 4403
