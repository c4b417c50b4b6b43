"""Where a service that receives and reports for us calls."""

from typing import Final

DOORS: Final = {
    "inbound_url": "/hooks/email/{token}/inbound/",
    "status_url": "/hooks/email/{token}/status/",
}
