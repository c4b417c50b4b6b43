from .activity import Activity
from .consent import Consent, Hold
from .people import Identity, Lead
from .trail import TrailEntry
from .workspaces import Membership, Role, User, Workspace

__all__ = [
    "Activity",
    "Consent",
    "Hold",
    "Identity",
    "Lead",
    "Membership",
    "Role",
    "TrailEntry",
    "User",
    "Workspace",
]
