"""Typed readers of environment variables. A wrong value stops the start and names itself."""

import json
import os
from decimal import Decimal, InvalidOperation
from pathlib import Path
from urllib.parse import urlsplit

_TRUE = {"1", "true", "yes", "on"}
_FALSE = {"0", "false", "no", "off"}
_REQUIRED = object()


class InvalidEnvironment(Exception):
    """A variable is missing or has a value that cannot be used."""


def _raw(name: str) -> str | None:
    """The variable, or the content of the file that NAME_FILE points at (container secrets)."""
    value = os.environ.get(name)
    path = os.environ.get(f"{name}_FILE")
    if value is not None and path:
        raise InvalidEnvironment(f"{name} and {name}_FILE are both set; keep one of them")
    if not path:
        return value
    try:
        return Path(path).read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidEnvironment(f"{name}_FILE={path!r} cannot be read: {error}") from error


def _missing(name: str, default: object) -> bool:
    """An empty variable counts as unset: that is what `NAME=` in a compose file means."""
    if _raw(name):
        return False
    if default is _REQUIRED:
        raise InvalidEnvironment(f"{name} is not set and has no default")
    return True


def env_str(name: str, default: str | object = _REQUIRED) -> str:
    if _missing(name, default):
        return str(default)
    return _raw(name) or ""


def env_bool(name: str, default: bool | object = _REQUIRED) -> bool:
    if _missing(name, default):
        return bool(default)
    value = (_raw(name) or "").lower()
    if value not in _TRUE | _FALSE:
        raise InvalidEnvironment(f"{name}={value!r} is not a yes or no; use true or false")
    return value in _TRUE


def env_int(name: str, default: int | object = _REQUIRED, *, minimum: int | None = None) -> int:
    if _missing(name, default):
        return int(str(default))
    value = _raw(name) or ""
    try:
        number = int(value)
    except ValueError:
        raise InvalidEnvironment(f"{name}={value!r} is not a whole number") from None
    if minimum is not None and number < minimum:
        raise InvalidEnvironment(f"{name}={value!r} is below {minimum}")
    return number


def env_float(name: str, default: float | object = _REQUIRED, *, minimum: float | None = None) -> float:
    if _missing(name, default):
        return float(str(default))
    value = _raw(name) or ""
    try:
        number = float(value)
    except ValueError:
        raise InvalidEnvironment(f"{name}={value!r} is not a number") from None
    if number != number or (minimum is not None and number < minimum):
        raise InvalidEnvironment(f"{name}={value!r} is below {minimum}")
    return number


def env_decimal(name: str) -> Decimal | None:
    """An amount of money, exact; None when unset."""
    if _missing(name, None):
        return None
    value = _raw(name) or ""
    try:
        number = Decimal(value)
    except InvalidOperation:
        raise InvalidEnvironment(f"{name}={value!r} is not a number") from None
    if not number.is_finite() or number < 0:
        raise InvalidEnvironment(f"{name}={value!r} is below 0")
    return number


def env_objects(
    name: str, *, required: tuple[str, ...], optional: tuple[str, ...] = (), urls: tuple[str, ...] = ()
) -> list[dict[str, str]]:
    """A JSON list of objects whose values are texts. No value is repeated in an error: they may be secrets."""
    if _missing(name, None):
        return []
    try:
        found = json.loads(_raw(name) or "")
    except ValueError as error:
        raise InvalidEnvironment(f"{name} is not JSON") from error
    if not isinstance(found, list) or not all(isinstance(entry, dict) for entry in found):
        raise InvalidEnvironment(f"{name} is not a JSON list of objects")
    for number, entry in enumerate(found, start=1):
        _check_entry(f"{name}, entry {number}", entry, required, optional, urls)
    return found


def _check_entry(
    where: str, entry: dict[str, object], required: tuple[str, ...], optional: tuple[str, ...], urls: tuple[str, ...]
) -> None:
    if unknown := sorted(set(entry) - {*required, *optional}):
        raise InvalidEnvironment(f"{where}: unknown {unknown}; known: {[*required, *optional]}")
    if missing := [key for key in required if not entry.get(key)]:
        raise InvalidEnvironment(f"{where}: {missing} missing")
    if wrong := [key for key, value in entry.items() if not isinstance(value, str)]:
        raise InvalidEnvironment(f"{where}: {wrong} must be texts")
    for key in urls:
        if entry.get(key) and urlsplit(str(entry[key])).scheme not in ("http", "https"):
            raise InvalidEnvironment(f"{where}: {key} is not a URL of the kind http or https")


def env_list(name: str, default: str = "") -> list[str]:
    return [part.strip() for part in env_str(name, default).split(",") if part.strip()]


def env_url(name: str, default: str | object = _REQUIRED, *, schemes: tuple[str, ...] = ("http", "https")) -> str:
    """A URL without a trailing slash. Its value is not repeated whole in the error: it may hold a password."""
    if _missing(name, default):
        return str(default)
    value = (_raw(name) or "").rstrip("/")
    scheme, _, rest = value.partition("://")
    if scheme not in schemes or not rest or any(c.isspace() for c in value):
        shown = value if "@" not in value else f"{scheme}://…@{value.rpartition('@')[2]}"
        raise InvalidEnvironment(f"{name}={shown!r} is not a URL of the kind {' or '.join(schemes)}")
    if scheme in ("http", "https"):
        _check_web_address(name, value)
    return value


def _check_web_address(name: str, value: str) -> None:
    try:
        parts = urlsplit(value)
        valid = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        valid = False
    if not valid:
        raise InvalidEnvironment(f"{name}={value!r} has no usable host or port")
