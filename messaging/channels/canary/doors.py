"""Where the installation knocks at its own door."""

from typing import Final

DOORS: Final = {
    "inbound_url": "/hooks/canary/{token}/inbound/",
    "status_url": "/hooks/canary/{token}/status/",
}
