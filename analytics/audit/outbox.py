"""Effectively once: intents, attempts, and what waits to leave."""

from .checks import Check, Family, Level

# An accepted message may go again in two cases. The provider itself says later that it did not deliver it: the trail
# then holds a `message.deferred` behind the first `message.accepted` (or, of one in doubt, `message.failed`). Or a
# person sent it again, and the trail names them.
ACCEPTED_TWICE = """
    WITH accepted AS (
        SELECT message_id, count(*) AS times, max(started_at) AS at
          FROM messaging_attempt WHERE state = 'accepted' GROUP BY message_id HAVING count(*) > 1
    )
    SELECT message.workspace_id, message.conversation_id, 'message ' || message.id, accepted.at,
           'the provider accepted it ' || accepted.times || ' times'
      FROM accepted JOIN messaging_message AS message ON message.id = accepted.message_id
     WHERE accepted.times - 1 > (
           SELECT count(*) FROM crm_trailentry AS again
            WHERE again.lead_id = message.lead_id AND again.facts ->> 'message' = message.id::text
              AND (again.kind = 'message.replayed' AND again.facts ? 'user'
                   OR again.kind = 'message.deferred' AND again.id > (
                      SELECT min(first.id) FROM crm_trailentry AS first
                       WHERE first.lead_id = message.lead_id
                         AND first.kind IN ('message.accepted', 'message.failed', 'message.doubt_overridden')
                         AND first.facts ->> 'message' = message.id::text
                   ))
     )
"""

# A turn may say one thing, and so may a rung of a ladder, whatever is appended to their intent keys.
INTENT_TWICE = """
    WITH said AS (
        SELECT workspace_id, conversation_id, id, at,
               coalesce(substring(intent_key FROM '^(?:turn:[0-9]+|handover:[0-9]+:[a-z]+)'), intent_key) AS intent
          FROM messaging_message
         WHERE direction = 'out' AND status NOT IN ('suppressed', 'failed')
    )
    SELECT workspace_id, min(conversation_id), 'intent ' || intent, max(at),
           count(*) || ' messages carry out one intent: ' || string_agg(id::text, ', ')
      FROM said GROUP BY workspace_id, intent HAVING count(*) > 1
"""

PROVIDER_ID_TWICE = """
    WITH named AS (
        SELECT workspace_id, conversation_id, channel_id, direction, provider_id, id, at FROM messaging_message
         WHERE provider_id <> ''
        UNION
        SELECT message.workspace_id, message.conversation_id, message.channel_id, message.direction,
               attempt.provider_id, message.id, message.at
          FROM messaging_attempt AS attempt JOIN messaging_message AS message ON message.id = attempt.message_id
         WHERE attempt.provider_id <> ''
    )
    SELECT min(workspace_id), min(conversation_id), 'provider id ' || provider_id, max(at),
           count(*) || ' messages claim it: ' || string_agg(id::text, ', ')
      FROM named GROUP BY channel_id, direction, provider_id HAVING count(*) > 1
"""

MARKETING_REPEATED = """
    SELECT DISTINCT ON (later.id)
           message.workspace_id, message.conversation_id, 'message ' || message.id, later.started_at,
           'attempt ' || later.number || ' followed attempt ' || doubted.number || ', which was ' || doubted.state
      FROM messaging_attempt AS doubted
      JOIN messaging_attempt AS later ON later.message_id = doubted.message_id AND later.number > doubted.number
      JOIN messaging_message AS message ON message.id = doubted.message_id
     WHERE doubted.state IN ('unknown', 'absent', 'abandoned') AND message.purpose = 'marketing'
       AND NOT EXISTS (
           SELECT 1 FROM crm_trailentry AS decision
            WHERE decision.lead_id = message.lead_id AND decision.kind = 'message.replayed'
              AND decision.facts ->> 'message' = message.id::text AND decision.facts ? 'user'
              AND (decision.facts ->> 'attempts')::int BETWEEN doubted.number AND later.number - 1
       )
     ORDER BY later.id, doubted.number
"""

PAST_DEADLINE = """
    SELECT attempt.workspace_id, message.conversation_id, 'attempt ' || attempt.id, attempt.deadline_at,
           'its sender is gone, and nobody has put its outcome in doubt'
      FROM messaging_attempt AS attempt JOIN messaging_message AS message ON message.id = attempt.message_id
     WHERE attempt.state = 'calling' AND attempt.deadline_at < clock_timestamp() - %(grace)s
"""

UNKNOWN_TOO_LONG = """
    SELECT attempt.workspace_id, message.conversation_id, 'attempt ' || attempt.id, attempt.started_at,
           'nobody knows yet whether the provider has it'
      FROM messaging_attempt AS attempt JOIN messaging_message AS message ON message.id = attempt.message_id
      JOIN crm_workspace AS workspace ON workspace.id = attempt.workspace_id
     WHERE attempt.state = 'unknown'
       AND attempt.started_at < %(now)s - make_interval(secs => 60 * workspace.doubt_minutes) - %(grace)s
"""

QUEUED_OVERDUE = """
    SELECT message.workspace_id, message.conversation_id, 'message ' || message.id, message.due_at,
           'nothing stands before it, and it has not left: “' || left(message.body, 80) || '”'
      FROM messaging_message AS message
     WHERE message.status = 'queued' AND message.due_at < %(now)s - %(grace)s
       AND NOT EXISTS (
           SELECT 1 FROM messaging_attempt AS attempt
            WHERE attempt.lead_id = message.lead_id AND attempt.state IN ('calling', 'unknown')
       )
       AND NOT EXISTS (
           SELECT 1 FROM messaging_message AS earlier
            WHERE earlier.lead_id = message.lead_id AND earlier.epoch = message.epoch
              AND earlier.status = 'queued' AND earlier.position < message.position
       )
"""

DISAGREEING = """
    SELECT message.workspace_id, message.conversation_id, 'message ' || message.id, message.at,
           'the message is ' || message.status || ', its open attempt is ' || coalesce(attempt.state, 'missing')
      FROM messaging_message AS message
      LEFT JOIN messaging_attempt AS attempt
        ON attempt.message_id = message.id AND attempt.state IN ('calling', 'unknown')
     WHERE (message.status IN ('sending', 'unknown') AND attempt.id IS NULL)
        OR (message.status NOT IN ('sending', 'unknown') AND attempt.id IS NOT NULL)
"""

NUMBER_GAPS = """
    WITH counted AS (
        SELECT message_id, count(*) AS attempts, max(number) AS highest FROM messaging_attempt GROUP BY message_id
    )
    SELECT message.workspace_id, message.conversation_id, 'message ' || message.id, message.at,
           message.attempts_made || ' attempts were made, the ledger holds ' || coalesce(counted.attempts, 0)
      FROM messaging_message AS message LEFT JOIN counted ON counted.message_id = message.id
     WHERE message.attempts_made <> coalesce(counted.attempts, 0)
        OR counted.highest <> counted.attempts
"""

IN_DOUBT = """
    SELECT workspace_id, conversation_id, 'message ' || id, at,
           'it may or may not have arrived; a person decides: “' || left(body, 80) || '”'
      FROM messaging_message WHERE status = 'in_doubt'
"""

OUTBOX = Family(
    "Never twice, never stuck",
    (
        Check(
            "accepted_twice",
            "Accepted twice",
            "A provider accepts a message once, unless it says itself that it does not have it.",
            ACCEPTED_TWICE,
        ),
        Check(
            "repeated_intents",
            "Repeated intents",
            "A turn says one thing, a rung of a ladder says one thing, and no intent is queued twice.",
            INTENT_TWICE,
            guard="message_intent_once",
        ),
        Check(
            "provider_ids_twice",
            "Provider ids twice",
            "A provider's id belongs to one message.",
            PROVIDER_ID_TWICE,
            guard="message_provider_id_once",
        ),
        Check(
            "marketing_repeated",
            "Marketing repeated",
            "Marketing is never sent again on doubt.",
            MARKETING_REPEATED,
        ),
        Check(
            "calls_past_deadline",
            "Calls past their deadline",
            "A call whose sender died is put in doubt within a minute of its deadline.",
            PAST_DEADLINE,
        ),
        Check(
            "unsettled_doubts",
            "Unsettled doubts",
            "An unknown outcome is settled within the workspace's limit (ten minutes), or a person is asked.",
            UNKNOWN_TOO_LONG,
        ),
        Check(
            "overdue_messages",
            "Overdue messages",
            "A message that nothing holds back leaves within a minute of its time.",
            QUEUED_OVERDUE,
        ),
        Check(
            "ledger_disagrees",
            "Ledger and message disagree",
            "A message is on its way exactly while an attempt of it is open.",
            DISAGREEING,
        ),
        Check(
            "attempt_gaps",
            "Gaps in the attempts",
            "The ledger holds every attempt of a message, numbered without a gap.",
            NUMBER_GAPS,
            guard="attempt_number_once",
        ),
        Check(
            "messages_in_doubt",
            "Messages in doubt",
            "What could not be settled waits for a person's decision.",
            IN_DOUBT,
            level=Level.NOTE,
        ),
    ),
)
