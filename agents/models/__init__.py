from .alerts import StaffAlert
from .corrections import Correction, TrainedLayer
from .framework import AgentMessage, AgentState
from .knowledge import KnowledgeEntry
from .turns import Turn

__all__ = ["AgentMessage", "AgentState", "Correction", "KnowledgeEntry", "StaffAlert", "TrainedLayer", "Turn"]
