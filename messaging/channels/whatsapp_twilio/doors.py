"""Where Twilio reaches a channel: what its operator enters in Twilio's console."""

from typing import Final

DOORS: Final = {
    "inbound_url": "/hooks/whatsapp_twilio/{token}/inbound/",
    "status_url": "/hooks/whatsapp_twilio/{token}/status/",
}
