from .alerts import StaffAlert
from .framework import AgentMessage, AgentState
from .knowledge import KnowledgeEntry
from .turns import Turn

__all__ = ["AgentMessage", "AgentState", "KnowledgeEntry", "StaffAlert", "Turn"]
