from .alerts import StaffAlert
from .corrections import Correction, TrainedLayer
from .framework import AgentMessage, AgentState
from .knowledge import KnowledgeEntry
from .qualification import Extraction, LeadFact, LeadScore, LeadTag
from .quality import TurnQuality
from .sources import KnowledgeChunk, KnowledgeSource
from .spending import ModelCall, ModelDay, ModelLimits, ModelTrouble
from .tools import ToolCall, WorkspaceTool
from .turns import Turn
from .unanswered import Asking, UnansweredQuestion

__all__ = [
    "AgentMessage",
    "AgentState",
    "Asking",
    "Correction",
    "Extraction",
    "KnowledgeChunk",
    "KnowledgeEntry",
    "KnowledgeSource",
    "LeadFact",
    "LeadScore",
    "LeadTag",
    "ModelCall",
    "ModelDay",
    "ModelLimits",
    "ModelTrouble",
    "StaffAlert",
    "ToolCall",
    "TrainedLayer",
    "Turn",
    "TurnQuality",
    "UnansweredQuestion",
    "WorkspaceTool",
]
