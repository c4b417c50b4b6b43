"""Where Meta tells what happens between a customer and the account."""

from typing import Final

DOORS: Final = {"callback_url": "/hooks/instagram/{token}/"}
