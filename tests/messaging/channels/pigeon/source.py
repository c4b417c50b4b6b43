from datetime import datetime
from http import HTTPStatus
from typing import Final

from messaging.doors.channels import load_channel
from messaging.doors.sources import BadSignature, HookRequest, Knock, Source, SourceRow, UnreadableBody
from messaging.incoming import UnreadablePayload

from .webhook import read_letter, verify


class Landing:
    max_body = 1024
    success_status = HTTPStatus.OK

    def load(self, token: str) -> SourceRow | None:
        return load_channel("pigeon", token)

    def read(self, request: HookRequest, row: SourceRow, now: datetime) -> Knock:
        if not verify(request.headers, row.secrets):
            raise BadSignature("no pigeon of ours")
        try:
            writer, ring, _ = read_letter(request.body)
        except UnreadablePayload as error:
            raise UnreadableBody(str(error)) from error
        return Knock(kind="inbound", key=ring, order_key=writer)


SOURCE: Final = Source(name="pigeon", apply="tests.messaging.channels.pigeon.apply.apply_event", door=Landing())
