from .bookings import Booking, CalendlyConnection
from .handovers import Handover, LadderStep
from .policies import HandoverPolicy, Holiday, OpeningHours

__all__ = [
    "Booking",
    "CalendlyConnection",
    "Handover",
    "HandoverPolicy",
    "Holiday",
    "LadderStep",
    "OpeningHours",
]
