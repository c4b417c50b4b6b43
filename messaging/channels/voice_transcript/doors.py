"""Where the telephone system delivers what was said."""

from typing import Final

DOORS: Final = {"inbound_url": "/hooks/voice_transcript/{token}/calls/"}
