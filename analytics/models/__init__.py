from .audits import AuditRun
from .canary import CanaryRun, Heartbeat
from .quality import HandoverVerdict

__all__ = ["AuditRun", "CanaryRun", "HandoverVerdict", "Heartbeat"]
