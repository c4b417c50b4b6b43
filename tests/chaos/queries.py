"""What the auditor asks the database. Written beside the schema, not beside the code that fills it."""

MINE = """
    WITH mine AS (
        SELECT DISTINCT conversation.id AS conversation_id, conversation.lead_id, here.address
          FROM messaging_servicewindow AS here
          JOIN messaging_conversation AS conversation ON conversation.id = here.conversation_id
         WHERE here.address = ANY(%(addresses)s)
    )
"""

INBOUND_KNOWN = """
    SELECT provider_id FROM messaging_message WHERE direction = 'in' AND provider_id = ANY(%(sids)s)
"""

# A form names its message whatever key it was stored under.
INBOUND_TWICE = """
    WITH taken AS (
        SELECT substring(encode(body, 'escape') FROM 'MessageSid=([A-Z]{2}[0-9a-f]{32})') AS sid
          FROM messaging_webhookevent WHERE kind = 'inbound'
    )
    SELECT sid, 'events', count(*) FROM taken WHERE sid = ANY(%(sids)s) GROUP BY sid HAVING count(*) > 1
    UNION ALL
    SELECT provider_id, 'messages', count(*) FROM messaging_message
     WHERE direction = 'in' AND provider_id = ANY(%(sids)s) GROUP BY provider_id HAVING count(*) > 1
    UNION ALL
    SELECT message.provider_id, 'receptions', count(*) FROM messaging_message AS message
      JOIN crm_trailentry AS entry ON entry.lead_id = message.lead_id AND entry.kind = 'message.received'
       AND entry.facts ->> 'message' = message.id::text
     WHERE message.direction = 'in' AND message.provider_id = ANY(%(sids)s)
     GROUP BY message.provider_id HAVING count(*) > 1
"""

REPLIED_TWICE = f"""
    {MINE}
    SELECT word.answers_id, count(*) FROM messaging_message AS word JOIN mine USING (conversation_id)
     WHERE word.id::text = ANY(%(mids)s) AND word.intent_key LIKE 'turn:%%' AND word.answers_id IS NOT NULL
     GROUP BY word.answers_id HAVING count(*) > 1
"""

OUTBOUND_MISSING = f"""
    {MINE}
    SELECT word.id, word.status FROM messaging_message AS word JOIN mine USING (conversation_id)
     WHERE word.direction = 'out' AND NOT word.id::text = ANY(%(mids)s)
       AND NOT (word.status = 'suppressed' AND coalesce(word.verdict ->> 'reason', '') <> '')
       AND NOT (word.status IN ('failed', 'in_doubt') AND EXISTS (
               SELECT 1 FROM crm_trailentry AS entry
                WHERE entry.lead_id = word.lead_id AND entry.kind = 'message.failed'
                  AND entry.facts ->> 'message' = word.id::text))
"""

OUTBOUND_KNOWN = "SELECT id::text FROM messaging_message WHERE id::text = ANY(%(mids)s)"

# An attempt's deadline is the one moment on it that PostgreSQL's own clock set, as it was committed.
STALE = f"""
    {MINE}, reached AS (
        SELECT attempt.message_id, attempt.epoch, attempt.lead_id,
               extract(epoch FROM attempt.deadline_at) - %(window)s AS claimed_at,
               max(attempt.epoch) OVER (
                   PARTITION BY attempt.lead_id ORDER BY attempt.id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
               ) AS highest
          FROM messaging_attempt AS attempt JOIN mine USING (lead_id)
    )
    SELECT word.id, reached.epoch, reached.highest
      FROM reached JOIN messaging_message AS word ON word.id = reached.message_id
     WHERE reached.epoch < reached.highest AND word.voice <> 'human' AND word.id::text = ANY(%(mids)s)
"""

VOICES = f"""
    {MINE}
    SELECT word.id::text, word.voice, extract(epoch FROM max(attempt.deadline_at))::float - %(window)s
      FROM messaging_message AS word JOIN mine USING (conversation_id)
      JOIN messaging_attempt AS attempt ON attempt.message_id = word.id
     GROUP BY word.id, word.voice
"""

RETURNED = f"""
    {MINE}
    SELECT mine.address, extract(epoch FROM entry.at)::float FROM crm_trailentry AS entry JOIN mine USING (lead_id)
     WHERE entry.kind = 'floor.returned'
"""

STEPS_MISSED = f"""
    {MINE}
    SELECT handover.id, step.rung, 'due and neither done nor dismissed'
      FROM handover_ladderstep AS step JOIN handover_handover AS handover ON handover.id = step.handover_id
      JOIN mine ON mine.conversation_id = handover.conversation_id
     WHERE step.state = 'pending' AND step.due_at < clock_timestamp() - interval '2 seconds'
    UNION ALL
    SELECT handover.id, 'the whole ladder', 'has ' || count(step.id) || ' steps'
      FROM handover_handover AS handover JOIN mine ON mine.conversation_id = handover.conversation_id
      LEFT JOIN handover_ladderstep AS step ON step.handover_id = handover.id
     GROUP BY handover.id HAVING count(step.id) <> 4
    UNION ALL
    SELECT handover.id, step.rung, 'parked: ' || step.verdict
      FROM handover_ladderstep AS step JOIN handover_handover AS handover ON handover.id = step.handover_id
      JOIN mine ON mine.conversation_id = handover.conversation_id
     WHERE step.state = 'parked'
"""

STEPS_REPEATED = f"""
    {MINE}
    SELECT entry.facts ->> 'handover', entry.facts ->> 'rung', count(*)
      FROM crm_trailentry AS entry JOIN mine USING (lead_id)
     WHERE entry.kind = 'ladder.fired'
     GROUP BY 1, 2 HAVING count(*) > 1
"""

STEPS_EARLY = f"""
    {MINE}
    SELECT handover.id, step.rung, extract(epoch FROM step.due_at - step.done_at)
      FROM handover_ladderstep AS step JOIN handover_handover AS handover ON handover.id = step.handover_id
      JOIN mine ON mine.conversation_id = handover.conversation_id
     WHERE step.state = 'fired' AND step.done_at < step.due_at
"""

# Whom nobody needs to answer now, and why: their turn decided so, a person has them, a handover is open, or the words
# meant for them failed with a reason.
EXPLAINED = f"""
    {MINE}, newest AS (
        SELECT conversation_id, max(position) AS position FROM messaging_message
         WHERE direction = 'in' GROUP BY conversation_id
    )
    SELECT mine.address FROM mine JOIN newest USING (conversation_id)
      JOIN messaging_conversation AS conversation ON conversation.id = mine.conversation_id
     WHERE conversation.status = 'resolved'
        OR EXISTS (SELECT 1 FROM messaging_floor AS floor
                    WHERE floor.lead_id = mine.lead_id AND floor.holder = 'human')
        OR EXISTS (SELECT 1 FROM handover_handover AS handover
                    WHERE handover.conversation_id = mine.conversation_id AND handover.ended_at IS NULL)
        OR EXISTS (SELECT 1 FROM agents_turn AS turn JOIN messaging_message AS seen ON seen.id = turn.newest_id
                    WHERE turn.conversation_id = mine.conversation_id AND seen.position >= newest.position
                      AND turn.state IN ('done', 'parked') AND turn.decision <> 'reply')
        OR EXISTS (SELECT 1 FROM messaging_message AS word
                    WHERE word.conversation_id = mine.conversation_id AND word.direction = 'out'
                      AND word.position > newest.position AND word.status IN ('suppressed', 'failed', 'in_doubt'))
"""

ABANDONED = f"""
    {MINE}
    SELECT handover.id FROM handover_handover AS handover
      JOIN mine ON mine.conversation_id = handover.conversation_id
     WHERE handover.state = 'waiting' AND NOT EXISTS (
               SELECT 1 FROM handover_ladderstep AS step
                WHERE step.handover_id = handover.id
                  AND (step.state = 'pending' OR (step.rung = 'resume' AND step.state = 'withheld')))
"""

STEPS_LATENESS = f"""
    {MINE}
    SELECT coalesce(max(extract(epoch FROM step.done_at - step.due_at)), 0)::float
      FROM handover_ladderstep AS step JOIN handover_handover AS handover ON handover.id = step.handover_id
      JOIN mine ON mine.conversation_id = handover.conversation_id
     WHERE step.state = 'fired'
"""
