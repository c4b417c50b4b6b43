"""Everybody is answered: turns, the news between agents, and agents that are silenced for nobody."""

from .checks import Check, Family, Level

# A reply, a decision, a request for a person or a resolution covers every earlier message of its conversation; so
# the latest of each is enough. A late message with an earlier provider time is covered by the turn that follows it.
UNANSWERED = """
    WITH replied AS (
        SELECT conversation_id, max(position) AS position FROM messaging_message
         WHERE direction = 'out' AND status NOT IN ('suppressed', 'failed') GROUP BY conversation_id
    ), decided AS (
        SELECT turn.conversation_id, max(newest.position) AS position, max(newest.at) AS at
          FROM agents_turn AS turn JOIN messaging_message AS newest ON newest.id = turn.newest_id
         WHERE turn.state IN ('done', 'parked') GROUP BY turn.conversation_id
    ), requested AS (
        SELECT conversation_id, max(requested_at) AS at, bool_or(ended_at IS NULL) AS is_open
          FROM handover_handover GROUP BY conversation_id
    ), resolved AS (
        SELECT lead_id, max(at) AS at FROM crm_trailentry WHERE kind = 'conversation.resolved' GROUP BY lead_id
    )
    SELECT DISTINCT ON (word.conversation_id)
           word.workspace_id, word.conversation_id, 'message ' || word.id, word.at,
           'nobody has answered or decided since: “' || left(word.body, 80) || '”'
      FROM messaging_message AS word
      JOIN messaging_conversation AS conversation ON conversation.id = word.conversation_id
      LEFT JOIN replied ON replied.conversation_id = word.conversation_id
      LEFT JOIN decided ON decided.conversation_id = word.conversation_id
      LEFT JOIN requested ON requested.conversation_id = word.conversation_id
      LEFT JOIN resolved ON resolved.lead_id = word.lead_id
      LEFT JOIN messaging_floor AS floor ON floor.lead_id = word.lead_id
     WHERE word.direction = 'in' AND word.at < %(now)s - %(patience)s AND word.payload ->> 'is_history' IS NULL
       AND word.position > greatest(coalesce(replied.position, 0), coalesce(decided.position, 0))
       AND word.at > coalesce(decided.at, '-infinity')
       AND word.at > coalesce(requested.at, '-infinity') AND requested.is_open IS NOT TRUE
       AND word.at > coalesce(resolved.at, '-infinity') AND conversation.status = 'open'
       AND NOT (coalesce(floor.holder, '') = 'human' AND floor.expires_at IS NULL)
     ORDER BY word.conversation_id, word.position
"""

OVERDUE = """
    SELECT conversation.workspace_id, conversation.id, 'conversation ' || conversation.id, conversation.turn_due_at,
           'the customer waits for the agent to look'
      FROM messaging_conversation AS conversation
     WHERE conversation.turn_due_at < %(now)s - %(grace)s
       AND NOT EXISTS (
           SELECT 1 FROM agents_turn AS turn
            WHERE turn.conversation_id = conversation.id AND turn.state IN ('waiting', 'taken')
       )
"""

STUCK = """
    SELECT workspace_id, conversation_id, 'turn ' || id, opened_at,
           CASE WHEN claimed_until < clock_timestamp() - %(grace)s THEN 'its worker died, and nobody took it again'
                ELSE 'still open after ' || attempts_made || ' attempts' END
      FROM agents_turn
     WHERE state IN ('waiting', 'taken')
       AND (opened_at < %(now)s - %(patience)s OR claimed_until < clock_timestamp() - %(grace)s)
"""

PARKED_TURNS = """
    SELECT workspace_id, conversation_id, 'turn ' || id, finished_at, left(reason, 160)
      FROM agents_turn WHERE state = 'parked'
"""

UNDELIVERED = """
    SELECT message.workspace_id, conversation.id, 'agent message ' || message.id, message.at,
           message.kind || ' from ' || message.sender || ' to ' || message.recipient || ' was not acted on'
      FROM agents_agentmessage AS message
      LEFT JOIN messaging_conversation AS conversation ON conversation.lead_id = message.lead_id
     WHERE message.due_at IS NOT NULL AND message.at < %(now)s - %(grace)s
"""

PARKED_NEWS = """
    SELECT message.workspace_id, conversation.id, 'agent message ' || message.id, message.at,
           message.kind || ' from ' || message.sender || ' to ' || message.recipient || ' was given up after '
               || message.attempts_made || ' attempts'
      FROM agents_agentmessage AS message
      LEFT JOIN messaging_conversation AS conversation ON conversation.lead_id = message.lead_id
     WHERE message.due_at IS NULL AND message.received_at IS NULL
"""

SILENCED = """
    SELECT conversation.workspace_id, conversation.id, 'lead ' || conversation.lead_id, agent.changed_at,
           'the primary agent is ' || agent.state || ', and neither a person nor a handover is there'
      FROM agents_agentstate AS agent
      JOIN messaging_conversation AS conversation ON conversation.lead_id = agent.lead_id
      LEFT JOIN messaging_floor AS floor ON floor.lead_id = agent.lead_id
     WHERE agent.agent = 'primary' AND agent.state IN ('HANDOVER', 'DISABLED')
       AND agent.changed_at < %(now)s - %(grace)s AND conversation.status = 'open'
       AND coalesce(floor.holder, '') <> 'human'
       AND NOT EXISTS (
           SELECT 1 FROM handover_handover AS handover
            WHERE handover.conversation_id = conversation.id AND handover.ended_at IS NULL
       )
       AND NOT EXISTS (
           SELECT 1 FROM agents_agentmessage AS news
            WHERE news.lead_id = agent.lead_id AND news.kind = 'handover_request' AND news.due_at IS NOT NULL
       )
"""

ALERTS = """
    SELECT alert.workspace_id, conversation.id, 'alert ' || alert.id, alert.created_at,
           left(alert.subject, 80) || ': ' || coalesce(nullif(left(alert.error, 80), ''), 'not mailed')
      FROM agents_staffalert AS alert
      LEFT JOIN messaging_conversation AS conversation ON conversation.lead_id = alert.lead_id
     WHERE alert.sent_at IS NULL AND alert.created_at < %(now)s - %(patience)s
"""

TURNS = Family(
    "Everybody is answered",
    (
        Check(
            "unanswered_customers",
            "Unanswered customers",
            "Within five minutes a customer's message meets a reply, a decision, a person in charge or a handover.",
            UNANSWERED,
        ),
        Check(
            "overdue_turns",
            "Overdue turns",
            "The agent looks at a customer's words within a minute of its time.",
            OVERDUE,
        ),
        Check(
            "stuck_turns",
            "Stuck turns",
            "A turn is decided or parked within five minutes, whatever dies.",
            STUCK,
        ),
        Check(
            "silenced_agents",
            "Silenced for nobody",
            "The primary agent is silent only while a person or a handover is there.",
            SILENCED,
        ),
        Check(
            "undelivered_news",
            "Undelivered agent messages",
            "What an agent tells another is acted on within a minute.",
            UNDELIVERED,
        ),
        Check(
            "parked_news",
            "Agent messages given up",
            "No agent message is given up.",
            PARKED_NEWS,
        ),
        Check(
            "parked_turns",
            "Parked turns",
            "A turn that fails again and again is parked, and a person is asked for.",
            PARKED_TURNS,
            level=Level.NOTE,
        ),
        Check(
            "unmailed_alerts",
            "Alerts not mailed",
            "Alerts reach the staff's mailboxes within five minutes; the inbox shows them at once in any case.",
            ALERTS,
            level=Level.NOTE,
        ),
    ),
)
