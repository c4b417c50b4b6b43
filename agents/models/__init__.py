from .alerts import StaffAlert
from .framework import AgentMessage, AgentState
from .knowledge import KnowledgeEntry
from .sources import KnowledgeChunk, KnowledgeSource
from .tools import ToolCall, WorkspaceTool
from .turns import Turn
from .unanswered import Asking, UnansweredQuestion

__all__ = [
    "AgentMessage",
    "AgentState",
    "Asking",
    "KnowledgeChunk",
    "KnowledgeEntry",
    "KnowledgeSource",
    "StaffAlert",
    "ToolCall",
    "Turn",
    "UnansweredQuestion",
    "WorkspaceTool",
]
