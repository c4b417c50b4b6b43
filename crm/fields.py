"""Secrets at rest: a JSON field that is sealed with the installation's key."""

import base64
import hashlib
import json
from functools import lru_cache
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.db import models


class UnableToUnseal(Exception):
    """The stored secret was sealed with another FIELD_ENCRYPTION_KEY."""


def _keyring(keys: str) -> MultiFernet:
    """Keys are any strings, newest first, separated by commas; the first seals, all of them open."""
    each = [key.strip() for key in keys.split(",") if key.strip()]
    return MultiFernet([Fernet(base64.urlsafe_b64encode(hashlib.sha256(key.encode()).digest())) for key in each])


def seal(value: Any) -> str:
    return _keyring(settings.FIELD_ENCRYPTION_KEY).encrypt(json.dumps(value).encode()).decode()


def unseal(sealed: str) -> Any:
    return json.loads(_opened(sealed, settings.FIELD_ENCRYPTION_KEY))


@lru_cache(maxsize=256)
def _opened(sealed: str, keys: str) -> bytes:
    """Remembered, because a channel's row is read several times for every message."""
    try:
        return _keyring(keys).decrypt(sealed.encode())
    except InvalidToken as error:
        raise UnableToUnseal("A stored secret cannot be opened with FIELD_ENCRYPTION_KEY.") from error


class SealedJSONField(models.TextField):  # type: ignore[type-arg]
    """A dict that is encrypted in the database and plain in Python. It cannot be searched."""

    # What the type checker's Django plugin takes as the field's types.
    _pyi_private_set_type: dict[str, Any]  # type: ignore[assignment]
    _pyi_private_get_type: dict[str, Any]  # type: ignore[assignment]

    def get_prep_value(self, value: Any) -> Any:
        return None if value is None else seal(value)

    def from_db_value(self, value: str | None, expression: Any, connection: Any) -> Any:
        return None if value is None else unseal(value)

    def to_python(self, value: Any) -> Any:
        return json.loads(value) if isinstance(value, str) and value else value
