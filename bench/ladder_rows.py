"""Open handovers by the hundred thousand: clones, made in SQL, of the rows that the product wrote for one customer.

Clone N has N % 4 rungs behind it, and the next one is due in 20 to 30 minutes. The original is not counted.
"""

from __future__ import annotations

from collections.abc import Iterator

VACUUM = "VACUUM ANALYZE"

BEGIN = """
SET session_replication_role = replica;
CREATE TEMP TABLE clone AS
SELECT nextval(pg_get_serial_sequence('crm_lead', 'id')) AS lead,
    nextval(pg_get_serial_sequence('messaging_conversation', 'id')) AS conversation,
    nextval(pg_get_serial_sequence('handover_handover', 'id')) AS handover, gen_random_uuid() AS message,
    number % 4 AS climbed, now() - make_interval(mins => 15 * (number % 4 + 1)::int, secs => -1200 - random() * 600)
    AS requested_at, original.id AS original, original.lead_id AS original_lead,
    original.requested_at AS original_requested_at
FROM generate_series(1, {count}) AS number, (SELECT * FROM handover_handover ORDER BY id LIMIT 1) AS original
"""

END = "DROP TABLE clone"

# The columns in which a clone's row differs from the original's, as expressions over both.
OF_LEAD = "one.lead_id = clone.original_lead"
CHANGES = (
    ("crm_lead", "one.id = clone.original_lead", {"id": "lead", "name": "'Davi ' || lead"}),
    ("crm_identity", OF_LEAD, {"lead_id": "lead", "value": "one.kind || lead"}),
    ("messaging_conversation", OF_LEAD, {
        "id": "conversation", "lead_id": "lead", "last_inbound_at": "clone.requested_at",
        "last_message_at": "clone.requested_at",
    }),
    ("messaging_message", f"{OF_LEAD} AND one.direction = 'in'", {
        "id": "message", "lead_id": "lead", "conversation_id": "conversation", "at": "clone.requested_at",
        "provider_id": "'SM' || lpad(lead::text, 32, '0')",
    }),
    ("messaging_servicewindow", "one.conversation_id = (SELECT conversation_id FROM handover_handover WHERE id = "
     "clone.original)", {"conversation_id": "conversation", "address": "'whatsapp:+5511' || lpad(lead::text, 9, '0')"}),
    ("messaging_floor", OF_LEAD, {"lead_id": "lead"}),
    ("crm_hold", OF_LEAD, {"lead_id": "lead"}),
    ("agents_agentstate", OF_LEAD, {
        "lead_id": "lead",
        "state": "CASE WHEN climbed < 3 THEN one.state WHEN one.agent = 'primary' THEN 'DISABLED' ELSE 'ACTIVE' END",
    }),
    ("handover_handover", "one.id = clone.original", {
        "id": "handover", "lead_id": "lead", "conversation_id": "conversation", "requested_by_id": "message",
        "requested_at": "clone.requested_at",
    }),
    ("handover_ladderstep", "one.handover_id = clone.original", {
        "handover_id": "handover",
        "due_at": "clone.requested_at + (one.due_at - original_requested_at)",
        "state": "CASE WHEN one.due_at - original_requested_at > climbed * interval '15 minutes' THEN 'pending' "
                 "ELSE 'fired' END",
        "done_at": "CASE WHEN one.due_at - original_requested_at > climbed * interval '15 minutes' THEN NULL "
                   "ELSE clone.requested_at + (one.due_at - original_requested_at) END",
    }),
)  # fmt: skip


def add_handovers(count: int) -> Iterator[str]:
    yield from BEGIN.format(count=count).split(";")
    for table, originals, changes in CHANGES:
        new = {"id": f"nextval(pg_get_serial_sequence('{table}', 'id'))", **changes}
        pairs = ", ".join(f"'{column}', {expression}" for column, expression in new.items())
        yield (
            f"INSERT INTO {table} SELECT made.* FROM clone JOIN {table} AS one ON {originals}, "
            f"LATERAL jsonb_populate_record(one, jsonb_build_object({pairs})) AS made"
        )
    yield END


MAKE_DUE = """
CREATE TEMP TABLE chosen AS
SELECT handover_id, min(due_at) - clock_timestamp() AS ahead FROM handover_ladderstep
WHERE state = 'pending' AND due_at > now() + interval '15 minutes'
    AND handover_id IN (SELECT id FROM handover_handover ORDER BY id DESC LIMIT {count})
GROUP BY handover_id;

UPDATE handover_handover SET requested_at = requested_at - ahead FROM chosen WHERE id = handover_id;

UPDATE handover_ladderstep AS step SET due_at = due_at - ahead, done_at = done_at - ahead FROM chosen
WHERE step.handover_id = chosen.handover_id;

DROP TABLE chosen
"""

# What other workers would have done meanwhile: sent the words and the alerts, freed the floor.
SETTLE = """
UPDATE messaging_message SET status = 'delivered', due_at = NULL WHERE status = 'queued';
UPDATE agents_staffalert SET due_at = NULL;
UPDATE agents_agentmessage SET due_at = NULL;
UPDATE messaging_floor SET holder = '', priority = NULL, expires_at = NULL WHERE holder <> ''
"""
