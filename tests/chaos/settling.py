"""What is still under way: nobody may be judged before it has come to an end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Query = Callable[[str, Mapping[str, Any]], list[tuple[Any, ...]]]
Unsettled = dict[str, int]

UNDER_WAY = """
    SELECT 'events received', count(*) FROM messaging_webhookevent WHERE state = 'received'
    UNION ALL SELECT 'words on their way', count(*) FROM messaging_message
               WHERE status IN ('queued', 'sending', 'unknown')
    UNION ALL SELECT 'attempts open', count(*) FROM messaging_attempt WHERE state IN ('calling', 'unknown')
    UNION ALL SELECT 'turns open', count(*) FROM agents_turn WHERE state IN ('waiting', 'taken')
    UNION ALL SELECT 'turns due', count(*) FROM messaging_conversation WHERE turn_due_at IS NOT NULL
    UNION ALL SELECT 'news between agents', count(*) FROM agents_agentmessage WHERE due_at IS NOT NULL
    UNION ALL SELECT 'steps pending', count(*) FROM handover_ladderstep AS step
                JOIN handover_handover AS handover ON handover.id = step.handover_id
               WHERE step.state = 'pending' AND handover.ended_at IS NULL
    UNION ALL SELECT 'lists not read', count(*) FROM messaging_channel
               WHERE sweep_due_at IS NOT NULL
                 AND coalesce(swept_at, created_at) < to_timestamp(%(since)s) + interval '1 second'
"""


def unsettled(query: Query, *, since: float) -> Unsettled:
    return {name: count for name, count in query(UNDER_WAY, {"since": since}) if count}
