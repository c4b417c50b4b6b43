from .activity import Activity
from .catalogue import Product, StockAlert
from .consent import Consent, Hold, PeoplePolicy, Suppression
from .merges import LeadMerge, MergeProposal
from .people import Identity, Lead
from .trail import TrailEntry
from .workspaces import Membership, Role, User, Workspace

__all__ = [
    "Activity",
    "Consent",
    "Hold",
    "Identity",
    "Lead",
    "LeadMerge",
    "Membership",
    "MergeProposal",
    "PeoplePolicy",
    "Product",
    "Role",
    "StockAlert",
    "Suppression",
    "TrailEntry",
    "User",
    "Workspace",
]
