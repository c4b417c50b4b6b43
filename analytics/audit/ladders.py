"""No handover is abandoned: every step of every ladder once, none after its end, and an end that is true."""

from .checks import Check, Family, Level

# An end is believed only with the fact behind it. An open callback is on somebody's list, so it is not abandoned.
ABANDONED = """
    SELECT handover.workspace_id, handover.conversation_id, 'handover ' || handover.id, handover.requested_at,
           CASE WHEN handover.state = 'waiting' THEN 'the ladder is over, and the customer still waits'
                ELSE 'ended as ' || handover.state || ', and nothing shows it' END
      FROM handover_handover AS handover
      LEFT JOIN handover_ladderstep AS last ON last.handover_id = handover.id AND last.rung = 'resume'
      LEFT JOIN handover_handoverpolicy AS policy ON policy.workspace_id = handover.workspace_id
     WHERE CASE handover.state
        WHEN 'waiting' THEN %(now)s > %(patience)s + coalesce(
            last.due_at, handover.requested_at + make_interval(secs => 60 * coalesce(policy.resume_minutes, 60))
        )
        WHEN 'callback' THEN false
        WHEN 'answered' THEN NOT EXISTS (
            SELECT 1 FROM messaging_message AS word
             WHERE word.conversation_id = handover.conversation_id AND word.voice = 'human'
               AND word.at >= handover.requested_at - %(slack)s
        )
        WHEN 'booked' THEN NOT EXISTS (
            SELECT 1 FROM handover_booking AS booking
             WHERE booking.lead_id = handover.lead_id AND booking.booked_at IS NOT NULL
        )
        WHEN 'resolved' THEN NOT EXISTS (
            SELECT 1 FROM crm_trailentry AS entry
             WHERE entry.lead_id = handover.lead_id AND entry.kind = 'conversation.resolved'
               AND entry.at >= handover.requested_at - %(slack)s
        )
        WHEN 'returned' THEN NOT EXISTS (
            SELECT 1 FROM agents_agentmessage AS news
             WHERE news.lead_id = handover.lead_id AND news.kind = 'state_sync' AND news.recipient = 'monitor'
               AND news.context ->> 'event' = 'returned' AND news.at >= handover.requested_at - %(slack)s
        )
        WHEN 'renewed' THEN NOT EXISTS (
            SELECT 1 FROM handover_handover AS successor
             WHERE successor.conversation_id = handover.conversation_id AND successor.id > handover.id
        )
        ELSE true
     END
"""

TWO_OPEN = """
    SELECT min(workspace_id), conversation_id, 'handovers ' || string_agg(id::text, ', ' ORDER BY id),
           max(requested_at), 'open at once'
      FROM handover_handover WHERE ended_at IS NULL GROUP BY conversation_id HAVING count(*) > 1
"""

OVERDUE = """
    SELECT handover.workspace_id, handover.conversation_id, 'handover ' || handover.id || ', ' || step.rung,
           step.due_at, 'the step is due and has neither happened nor been dismissed'
      FROM handover_ladderstep AS step JOIN handover_handover AS handover ON handover.id = step.handover_id
     WHERE step.state = 'pending' AND step.due_at < %(now)s - %(grace)s
"""

LEFT_PENDING = """
    SELECT handover.workspace_id, handover.conversation_id, 'handover ' || handover.id || ', ' || step.rung,
           handover.ended_at, 'the handover ended, and the step is still pending'
      FROM handover_ladderstep AS step JOIN handover_handover AS handover ON handover.id = step.handover_id
     WHERE step.state = 'pending' AND handover.ended_at IS NOT NULL
"""

# What the request wrote into the trail is what the policy made then; later changes of the policy do not count.
INCOMPLETE = """
    WITH planned AS (
        SELECT handover.id, coalesce(
            (SELECT (SELECT array_agg(rung ORDER BY rung) FROM jsonb_object_keys(entry.facts -> 'steps') AS rung)
               FROM crm_trailentry AS entry
              WHERE entry.lead_id = handover.lead_id AND entry.kind = 'handover.requested'
                AND entry.facts ->> 'handover' = handover.id::text
                AND jsonb_typeof(entry.facts -> 'steps') = 'object'
              LIMIT 1),
            CASE WHEN handover.after_hours THEN ARRAY['alert', 'bridge', 'resume']
                 ELSE ARRAY['alert', 'bridge', 'resume', 'update'] END
        ) AS rungs
          FROM handover_handover AS handover
    ), made AS (
        SELECT handover_id, array_agg(rung::text ORDER BY rung) AS rungs FROM handover_ladderstep GROUP BY handover_id
    )
    SELECT handover.workspace_id, handover.conversation_id, 'handover ' || handover.id, handover.requested_at,
           'the policy made ' || array_to_string(planned.rungs, ', ') || '; there are '
               || coalesce(array_to_string(made.rungs, ', '), 'none')
      FROM handover_handover AS handover
      JOIN planned ON planned.id = handover.id
      LEFT JOIN made ON made.handover_id = handover.id
     WHERE planned.rungs IS DISTINCT FROM made.rungs
"""

REPEATED = """
    SELECT min(entry.workspace_id), min(conversation.id),
           'handover ' || (entry.facts ->> 'handover') || ', ' || (entry.facts ->> 'rung'), max(entry.at),
           'fired ' || count(*) || ' times'
      FROM crm_trailentry AS entry JOIN messaging_conversation AS conversation ON conversation.lead_id = entry.lead_id
     WHERE entry.kind = 'ladder.fired' AND entry.facts ? 'handover'
     GROUP BY entry.lead_id, entry.facts ->> 'handover', entry.facts ->> 'rung' HAVING count(*) > 1
"""

# Both entries are written under the conversation's lock, so their ids stand in the order of the commits.
AFTER_END = """
    WITH told AS (
        SELECT entry.id, entry.workspace_id, entry.lead_id, entry.at, entry.kind, entry.facts ->> 'rung' AS rung,
               entry.facts ->> 'handover' AS handover
          FROM crm_trailentry AS entry
         WHERE entry.kind IN ('ladder.fired', 'handover.answered', 'handover.ended') AND entry.facts ? 'handover'
    ), ended AS (
        SELECT lead_id, handover, min(id) AS id FROM told WHERE kind <> 'ladder.fired' OR rung = 'resume'
         GROUP BY lead_id, handover
    )
    SELECT fired.workspace_id, conversation.id, 'handover ' || fired.handover || ', ' || fired.rung, fired.at,
           'fired after the ladder had ended'
      FROM told AS fired
      JOIN ended ON ended.lead_id = fired.lead_id AND ended.handover = fired.handover AND ended.id < fired.id
      JOIN messaging_conversation AS conversation ON conversation.lead_id = fired.lead_id
     WHERE fired.kind = 'ladder.fired'
"""

PARKED = """
    SELECT handover.workspace_id, handover.conversation_id, 'handover ' || handover.id || ', ' || step.rung,
           step.done_at, left(step.verdict, 160)
      FROM handover_ladderstep AS step JOIN handover_handover AS handover ON handover.id = step.handover_id
     WHERE step.state = 'parked'
"""

LATE = """
    SELECT handover.workspace_id, handover.conversation_id, 'handover ' || handover.id || ', ' || step.rung,
           step.done_at, round(extract(epoch FROM step.done_at - step.due_at)) || ' seconds late'
      FROM handover_ladderstep AS step JOIN handover_handover AS handover ON handover.id = step.handover_id
     WHERE step.state = 'fired' AND step.done_at > step.due_at + %(grace)s
"""

LADDERS = Family(
    "No handover is abandoned",
    (
        Check(
            "abandoned_handovers",
            "Abandoned handovers",
            "Every request for a person ends with an answer, a booked call, a resolution, a return to the AI or a new "
            "request, or it stands open as a callback.",
            ABANDONED,
        ),
        Check(
            "two_open_handovers",
            "Two open handovers",
            "A conversation has at most one open handover.",
            TWO_OPEN,
            guard="handover_one_open",
        ),
        Check(
            "overdue_steps",
            "Missed steps",
            "A step that is due has happened, or was dismissed with its reason, within a minute.",
            OVERDUE,
        ),
        Check(
            "steps_left_pending",
            "Steps left pending",
            "The end of a handover dismisses the steps that remain, in the same commit.",
            LEFT_PENDING,
        ),
        Check(
            "incomplete_ladders",
            "Incomplete ladders",
            "A handover has exactly the steps that the policy made for it.",
            INCOMPLETE,
            guard="ladder_step_once",
        ),
        Check(
            "repeated_steps",
            "Repeated steps",
            "A step happens once.",
            REPEATED,
        ),
        Check(
            "steps_after_end",
            "Steps after the end",
            "No step happens after the ladder has ended.",
            AFTER_END,
        ),
        Check(
            "parked_steps",
            "Steps given up",
            "No step is given up.",
            PARKED,
        ),
        Check(
            "late_steps",
            "Late steps",
            "A step happens within a minute of its time.",
            LATE,
            level=Level.NOTE,
        ),
    ),
)
