"""JSON bodies, with bounds."""

from io import BytesIO
from typing import Any

from django.conf import settings
from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser

from .errors import BodyTooLarge


class BoundedJSONParser(JSONParser):
    """DRF reads the stream itself, past Django's own limit on the size of a body."""

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        raw = stream.read(limit + 1)
        if len(raw) > limit:
            raise BodyTooLarge
        try:
            return super().parse(BytesIO(raw), media_type, parser_context)
        except RecursionError as error:
            raise ParseError("JSON parse error - too deeply nested") from error
