from .alerts import StaffAlert
from .corrections import Correction, TrainedLayer
from .framework import AgentMessage, AgentState
from .knowledge import KnowledgeEntry
from .spending import ModelCall, ModelDay, ModelLimits, ModelTrouble
from .turns import Turn

__all__ = [
    "AgentMessage",
    "AgentState",
    "Correction",
    "KnowledgeEntry",
    "ModelCall",
    "ModelDay",
    "ModelLimits",
    "ModelTrouble",
    "StaffAlert",
    "TrainedLayer",
    "Turn",
]
