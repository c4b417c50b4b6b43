"""Statuses only move forward, and say what can be."""

from .checks import Check, Family

BACKWARDS = """
    SELECT workspace_id, conversation_id, 'message ' || id, coalesce(read_at, delivered_at),
           'it was ' || CASE WHEN read_at IS NOT NULL THEN 'read' ELSE 'delivered' END || ' and is ' || status
      FROM messaging_message
     WHERE (read_at IS NOT NULL AND status <> 'read')
        OR (delivered_at IS NOT NULL AND status NOT IN ('delivered', 'read'))
"""

IMPOSSIBLE = """
    SELECT workspace_id, conversation_id, 'message ' || id, at, why
      FROM (
        SELECT *, CASE
            WHEN status = 'delivered' AND delivered_at IS NULL THEN 'delivered, at no time'
            WHEN status = 'read' AND read_at IS NULL THEN 'read, at no time'
            WHEN status IN ('accepted', 'sent', 'delivered', 'read') AND provider_id = '' AND attempts_made > 0
                THEN status || ' by a provider that gave it no id'
            WHEN sent_at < at - %(slack)s THEN 'sent before it was written'
            WHEN delivered_at < sent_at - %(slack)s THEN 'delivered before it was sent'
            WHEN read_at < coalesce(delivered_at, sent_at) - %(slack)s THEN 'read before it arrived'
            WHEN direction = 'in' AND status <> 'received' THEN 'received from a customer, and ' || status
            WHEN direction = 'out' AND status = 'received' THEN 'our own words, and received'
        END AS why FROM messaging_message
      ) AS judged
     WHERE why IS NOT NULL
"""

STATUSES = Family(
    "Statuses",
    (
        Check(
            "statuses_backwards",
            "Statuses that went backwards",
            "A message that was delivered or read stays so.",
            BACKWARDS,
        ),
        Check(
            "statuses_impossible",
            "Impossible statuses",
            "A status has its instant, the instants are in order, and what a provider accepted has the provider's id.",
            IMPOSSIBLE,
        ),
    ),
)
