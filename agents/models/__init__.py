from .alerts import StaffAlert
from .corrections import Correction, TrainedLayer
from .framework import AgentMessage, AgentState
from .knowledge import KnowledgeEntry
from .qualification import Extraction, LeadFact, LeadScore, LeadTag
from .quality import TurnQuality
from .spending import ModelCall, ModelDay, ModelLimits, ModelTrouble
from .turns import Turn

__all__ = [
    "AgentMessage",
    "AgentState",
    "Correction",
    "Extraction",
    "KnowledgeEntry",
    "LeadFact",
    "LeadScore",
    "LeadTag",
    "ModelCall",
    "ModelDay",
    "ModelLimits",
    "ModelTrouble",
    "StaffAlert",
    "TrainedLayer",
    "Turn",
    "TurnQuality",
]
