"""Where Twilio reaches a number: what its operator enters in Twilio's console."""

from typing import Final

DOORS: Final = {
    "inbound_url": "/hooks/sms_twilio/{token}/inbound/",
    "status_url": "/hooks/sms_twilio/{token}/status/",
}
