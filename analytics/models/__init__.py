from .audits import AuditRun
from .canary import CanaryRun, Heartbeat

__all__ = ["AuditRun", "CanaryRun", "Heartbeat"]
