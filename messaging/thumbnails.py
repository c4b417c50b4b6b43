"""Small pictures of pictures, without trusting the large ones. Pure."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from io import BytesIO
from typing import Final

from PIL import Image, ImageOps

LONGEST_SIDE: Final = 640
MOST_PIXELS: Final = 50_000_000
"""A file of a few kilobytes may unfold to gigabytes: the size it names is looked at before anything is unfolded."""
ORIENTATION: Final = 0x0112
SIDEWAYS: Final = 5
"""From here on the camera lay on its side."""
FORMATS: Final = ("JPEG", "PNG", "GIF", "WEBP")
CONTENT_TYPE: Final = "image/webp"


@dataclass(frozen=True, slots=True)
class Thumbnail:
    content: bytes
    width: int  # of the whole picture, as it is looked at
    height: int


def thumbnail_of(content: bytes) -> Thumbnail | None:
    """None for what is no picture, is broken, or is too large to be unfolded."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            return _drawn(content)
    except Exception:  # Pillow raises whatever its decoders do: struct.error, SyntaxError, IndexError, …
        return None


def _drawn(content: bytes) -> Thumbnail | None:
    with Image.open(BytesIO(content), formats=FORMATS) as picture:
        width, height = picture.size  # before `draft`, which lets a JPEG be read at a fraction of it
        if width * height > MOST_PIXELS:
            return None
        if picture.getexif().get(ORIENTATION, 1) >= SIDEWAYS:
            width, height = height, width
        picture.draft("RGB", (LONGEST_SIDE * 2, LONGEST_SIDE * 2))
        upright = ImageOps.exif_transpose(picture)
        small = upright.convert("RGBA" if "A" in upright.getbands() or "transparency" in upright.info else "RGB")
        small.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
        written = BytesIO()
        small.save(written, "WEBP", quality=80)
        return Thumbnail(written.getvalue(), width, height)
