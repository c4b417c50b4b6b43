"""News of this floor. Sent after commit, with ids only; a receiver wakes one task and does nothing else."""

from django.dispatch import Signal

message_received = Signal()
"""A customer's message was stored. Ids: workspace_id, conversation_id, message_id."""

message_failed = Signal()
"""A message will not arrive, or nobody knows. Ids: workspace_id, conversation_id, message_id."""

channel_troubled = Signal()
"""A channel has a trouble that an operator has not been told of. Ids: workspace_id, channel_id."""
