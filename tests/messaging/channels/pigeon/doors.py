from typing import Final

DOORS: Final = {"inbound_url": "/hooks/pigeon/{token}/landing/"}
