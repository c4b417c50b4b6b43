"""One voice at a time: calls to providers, epochs, take-overs, and floors that somebody forgot."""

from .checks import Check, Family, Level

# Two readings of each call: by the clocks of the processes, and by PostgreSQL's, which set the deadline when the
# attempt was committed. Only what both show is an overlap: a skewed clock, or a process that slept between reading
# the time and claiming, shows one in its own reading alone. Ids stand in the order of commits, because the
# conversation is locked.
OVERLAPPING = """
    WITH calls AS (
        SELECT id, workspace_id, lead_id, message_id, started_at, deadline_at - %(call_window)s AS claimed_at,
               CASE WHEN state IN ('calling', 'unknown') THEN 'infinity'::timestamptz
                    ELSE coalesce(settled_at, started_at) END AS ended_at,
               CASE WHEN state IN ('calling', 'unknown') THEN 'infinity'::timestamptz
                    ELSE deadline_at - %(call_window)s + (coalesce(settled_at, started_at) - started_at)
               END AS released_at
          FROM messaging_attempt
    ), in_order AS (
        SELECT *, lag(id) OVER w AS earlier_id, lag(ended_at) OVER w AS earlier_ended_at,
               lag(released_at) OVER w AS earlier_released_at
          FROM calls
        WINDOW w AS (PARTITION BY workspace_id, lead_id ORDER BY id)
    )
    SELECT call.workspace_id, message.conversation_id, 'attempt ' || call.id, call.started_at,
           'began before attempt ' || call.earlier_id || ' was settled'
      FROM in_order AS call JOIN messaging_message AS message ON message.id = call.message_id
     WHERE call.started_at < call.earlier_ended_at AND call.claimed_at < call.earlier_released_at
"""

TWO_OPEN = """
    SELECT attempt.workspace_id, min(message.conversation_id), 'lead ' || attempt.lead_id, max(attempt.started_at),
           'attempts ' || string_agg(attempt.id::text, ', ' ORDER BY attempt.id) || ' are open at once'
      FROM messaging_attempt AS attempt JOIN messaging_message AS message ON message.id = attempt.message_id
     WHERE attempt.state IN ('calling', 'unknown')
     GROUP BY attempt.workspace_id, attempt.lead_id
    HAVING count(*) > 1
"""

# The floor's epoch only grows, and an attempt is committed under the epoch that is current: in the order of commits
# the attempts' epochs cannot fall. The floor's own row adds what happened since it last changed hands. What a person
# wrote is not unsaid when they return the conversation: it may leave later (but see AFTER_TAKE_OVER).
STALE_EPOCH = """
    WITH in_order AS (
        SELECT id, workspace_id, lead_id, message_id, epoch, started_at, deadline_at - %(call_window)s AS claimed_at,
               max(epoch) OVER (
                   PARTITION BY workspace_id, lead_id ORDER BY id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
               ) AS highest_before
          FROM messaging_attempt
    )
    SELECT attempt.workspace_id, message.conversation_id, 'attempt ' || attempt.id, attempt.started_at,
           'left under epoch ' || attempt.epoch || '; the floor had reached '
               || greatest(attempt.highest_before, floor.epoch)
      FROM in_order AS attempt
      JOIN messaging_message AS message ON message.id = attempt.message_id
      LEFT JOIN messaging_floor AS floor ON floor.lead_id = attempt.lead_id
     WHERE message.voice <> 'human'
       AND (attempt.epoch < attempt.highest_before
            OR (attempt.epoch < floor.epoch AND attempt.claimed_at > floor.changed_at))
"""

NEVER_GRANTED = """
    SELECT attempt.workspace_id, message.conversation_id, 'attempt ' || attempt.id, attempt.started_at,
           'left under epoch ' || attempt.epoch || ', which the floor has not reached'
      FROM messaging_attempt AS attempt
      JOIN messaging_message AS message ON message.id = attempt.message_id
      LEFT JOIN messaging_floor AS floor ON floor.lead_id = attempt.lead_id
     WHERE attempt.epoch > coalesce(floor.epoch, 0)
"""

# A take-over of a conversation that became part of another bound nobody in that other one.
AFTER_TAKE_OVER = """
    SELECT DISTINCT ON (attempt.id)
           attempt.workspace_id, message.conversation_id, 'attempt ' || attempt.id, attempt.started_at,
           'the ' || message.voice || ' spoke under epoch ' || attempt.epoch || ' after: ' || taken.reason
      FROM crm_trailentry AS taken
      JOIN messaging_attempt AS attempt
        ON attempt.lead_id = taken.lead_id
       AND attempt.epoch < (taken.facts ->> 'epoch')::bigint
       AND attempt.started_at > taken.at + %(slack)s
       AND attempt.deadline_at - %(call_window)s > taken.at + %(slack)s
      JOIN messaging_message AS message ON message.id = attempt.message_id
     WHERE taken.kind = 'floor.taken_over'
       AND NOT EXISTS (SELECT 1 FROM crm_leadmerge AS merge
                        WHERE merge.kept_id = taken.lead_id AND merge.undone_at IS NULL AND merge.merged_at >= taken.at)
     ORDER BY attempt.id, taken.id DESC
"""

RETURN_MISSED = """
    SELECT floor.workspace_id, conversation.id, 'lead ' || floor.lead_id, floor.returns_at,
           'a person has been silent beyond the auto-return rule, and still holds the floor'
      FROM messaging_floor AS floor JOIN messaging_conversation AS conversation USING (lead_id)
     WHERE floor.returns_at < %(now)s - %(grace)s
"""

LEFT_HELD = """
    SELECT floor.workspace_id, conversation.id, 'lead ' || floor.lead_id, floor.expires_at,
           floor.holder || ' holds the floor with nothing to say; the lease has run out, so it stops nobody'
      FROM messaging_floor AS floor JOIN messaging_conversation AS conversation USING (lead_id)
     WHERE floor.holder <> '' AND floor.expires_at < clock_timestamp() - interval '10 minutes'
       AND NOT EXISTS (
           SELECT 1 FROM messaging_message AS word
            WHERE word.lead_id = floor.lead_id AND word.epoch = floor.epoch
              AND word.status IN ('queued', 'sending', 'unknown')
       )
"""

VOICES = Family(
    "One voice",
    (
        Check(
            "overlapping_voices",
            "Overlapping voices",
            "No call to a provider begins for a lead while another is in flight or in doubt.",
            OVERLAPPING,
        ),
        Check(
            "two_open_attempts",
            "Two open attempts",
            "A lead has at most one attempt that is calling or unknown.",
            TWO_OPEN,
            guard="attempt_one_open",
        ),
        Check(
            "stale_epochs",
            "Stale epochs",
            "No message leaves under an epoch that another voice has overtaken.",
            STALE_EPOCH,
        ),
        Check(
            "ungranted_epochs",
            "Ungranted epochs",
            "No message leaves under an epoch that was never granted.",
            NEVER_GRANTED,
        ),
        Check(
            "words_after_take_over",
            "Words after a take-over",
            "After a person took over, nothing of an older voice leaves.",
            AFTER_TAKE_OVER,
        ),
        Check(
            "missed_returns",
            "Missed returns",
            "A person who stays silent beyond the auto-return rule gives the floor back within a minute.",
            RETURN_MISSED,
        ),
        Check(
            "floors_left_held",
            "Floors left held",
            "An agent gives the floor back when it has spoken.",
            LEFT_HELD,
            level=Level.NOTE,
        ),
    ),
)
