"""Cutting a file out of the mail that brought it: it came with the event, and lies nowhere else."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from messaging.incoming import UnreadablePayload
from messaging.media_fetch import Fetched, Item, MediaRefused, Raw

from .letters import read_letter

_PART: Final = re.compile(r"part:(\d{1,3})", re.ASCII)


def fetch(config: Mapping[str, str], secrets: Mapping[str, str], item: Item, *, raw: Raw) -> Fetched:
    named = _PART.fullmatch(str(item.get("file_id", "")))
    if named is None:
        raise MediaRefused("The mail names no such file.")
    try:
        files = read_letter(raw(), str(item.get("shape", ""))).files
    except UnreadablePayload:
        raise MediaRefused("The mail cannot be read any more.") from None
    number = int(named[1])
    if number >= len(files):
        raise MediaRefused("The mail names no such file.")
    return Fetched(files[number].content, files[number].content_type, files[number].file_name)
