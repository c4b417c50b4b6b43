"""What an update says, in our words. Strict about who and where, open about everything else.

https://core.telegram.org/bots/api#update. Telegram adds kinds of messages with every version: one without a field
here is kept, and says so.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from messaging.incoming import UnreadablePayload, storable

Number = Annotated[int, Field(gt=-(2**63), lt=2**63, strict=True)]
Degrees = Annotated[float, Field(allow_inf_nan=False)]  # PostgreSQL's JSON has no NaN
Text = Annotated[str, StringConstraints(max_length=100_000)]


class UnreadableUpdate(UnreadablePayload):
    """The update lacks who wrote, or where; the text names the field."""


class _Read(BaseModel):
    model_config = ConfigDict(frozen=True, populate_by_name=True)


class User(_Read):
    id: Number
    is_bot: bool = False
    first_name: Text = ""
    last_name: Text = ""
    username: Text = ""
    language_code: Text = ""

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip() or self.username


class Chat(_Read):
    id: Number
    type: Text = "private"

    @property
    def is_private(self) -> bool:
        return self.type == "private"


class File(_Read):
    file_id: Text
    mime_type: Text = ""
    file_name: Text = ""
    emoji: Text = ""
    is_animated: bool = False
    is_video: bool = False


class Location(_Read):
    latitude: Degrees
    longitude: Degrees


class Venue(_Read):
    location: Location
    title: Text = ""
    address: Text = ""


class Contact(_Read):
    phone_number: Text
    first_name: Text = ""
    last_name: Text = ""
    user_id: int | None = None


class Quoted(_Read):
    message_id: Number


class Message(_Read):
    message_id: Number
    date: Number = 0
    edit_date: Number = 0
    chat: Chat
    sender: User | None = Field(None, alias="from")
    text: Text = ""
    caption: Text = ""
    photo: tuple[File, ...] = ()
    document: File | None = None
    voice: File | None = None
    audio: File | None = None
    video: File | None = None
    video_note: File | None = None
    animation: File | None = None
    sticker: File | None = None
    location: Location | None = None
    venue: Venue | None = None
    contact: Contact | None = None
    reply_to_message: Quoted | None = None

    @property
    def key(self) -> str:
        return message_key(self.chat.id, self.message_id)

    @property
    def words(self) -> str:
        return storable(self.text or self.caption or (self.sticker.emoji if self.sticker else ""))


class Callback(_Read):
    id: Text
    sender: User = Field(alias="from")
    message: Message | None = None
    data: Text = ""


class Member(_Read):
    status: Text


class Membership(_Read):
    chat: Chat
    sender: User = Field(alias="from")
    new_chat_member: Member


class Update(_Read):
    message: Message | None = None
    edited_message: Message | None = None
    callback_query: Callback | None = None
    my_chat_member: Membership | None = None


def read(update: dict[str, Any]) -> Update:
    try:
        return Update.model_validate(update)
    except ValidationError as error:
        problem = error.errors(include_url=False, include_input=False)[0]
        raise UnreadableUpdate(f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}") from None


def message_key(chat: int | str, message_id: int) -> str:
    """Message numbers count within a chat."""
    return f"{chat}:{message_id}"


_FILES: Final = {
    "document": "application/octet-stream",
    "voice": "audio/ogg",
    "audio": "audio/mpeg",
    "video": "video/mp4",
    "video_note": "video/mp4",
    "animation": "video/mp4",
}
"""What each holds where Telegram does not say."""


def kind_of(message: Message) -> str:
    """text, image, document, voice, …, or `unknown` for what this release has no word for."""
    names = ("photo", "sticker", "venue", "location", "contact", "animation", *_FILES, "text")
    found = next((name for name in names if getattr(message, name)), "unknown")
    return {"photo": "image", "venue": "location"}.get(found, found)


def media_of(message: Message) -> list[dict[str, Any]]:
    """Files are named by Telegram's id: fetching one needs the bot's token."""
    return [
        {
            "url": "",
            "file_id": storable(file.file_id),
            "content_type": storable(file.mime_type or usual)[:100],
            "file_name": storable(file.file_name),
        }
        for file, usual in _files(message)
    ]


def _files(message: Message) -> Iterator[tuple[File, str]]:
    """A photo comes in several sizes, the largest last; an animation comes as a document as well."""
    if message.photo:
        yield message.photo[-1], "image/jpeg"
    if message.sticker:
        yield message.sticker, _sticker_type(message.sticker)
    for name, usual in _FILES.items():
        file = getattr(message, name)
        if file and not (name == "document" and message.animation):
            yield file, usual


def _sticker_type(sticker: File) -> str:
    if sticker.is_video:
        return "video/webm"
    return "application/x-tgsticker" if sticker.is_animated else "image/webp"
