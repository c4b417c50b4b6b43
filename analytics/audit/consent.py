"""What a lead allowed, and when marketing must wait. Judged by the calls that were made, from the facts themselves."""

from .checks import Check, Family

# What was said and allowed before two leads became one was said by, and to, one of the two: their ledgers, words and
# bookings are joined since, and no call of that time can be judged by the whole.
BEFORE_MERGE = """
    EXISTS (SELECT 1 FROM crm_leadmerge AS merge
             WHERE merge.kept_id = message.lead_id AND merge.undone_at IS NULL
               AND merge.merged_at >= attempt.started_at)
"""

# `refused` and `absent` are calls that are known not to have reached the customer: they said nothing.
WITHOUT_CONSENT = f"""
    SELECT message.workspace_id, message.conversation_id, 'message ' || message.id, attempt.started_at,
           'marketing went out; the consent was ' || coalesce(consent.state, 'never given')
      FROM messaging_message AS message
      JOIN messaging_attempt AS attempt
        ON attempt.message_id = message.id AND attempt.state NOT IN ('refused', 'absent')
      JOIN messaging_channel AS channel ON channel.id = message.channel_id
      LEFT JOIN LATERAL (
          SELECT line.state FROM crm_consent AS line
           WHERE line.lead_id = message.lead_id AND line.channel_kind = channel.kind AND line.purpose = 'marketing'
             AND line.at <= attempt.started_at - %(slack)s
           ORDER BY line.at DESC, line.id DESC LIMIT 1
      ) AS consent ON true
     WHERE message.purpose = 'marketing' AND coalesce(consent.state, '') <> 'granted'
       AND NOT {BEFORE_MERGE}
       AND NOT EXISTS (
           SELECT 1 FROM crm_consent AS line
            WHERE line.lead_id = message.lead_id AND line.channel_kind = channel.kind AND line.purpose = 'marketing'
              AND line.state = 'granted' AND line.at BETWEEN attempt.started_at - %(slack)s AND attempt.started_at
       )
"""

# The causes of the holds, not the rows of crm_hold: a hold that ran out and was extended later looks as if it had
# held all the time between. Only holds without an end tell when they were in force.
DURING_HOLD = f"""
    WITH calls AS (
        SELECT attempt.id, message.workspace_id, message.conversation_id, message.lead_id, message.id AS message_id,
               attempt.started_at
          FROM messaging_message AS message
          JOIN messaging_attempt AS attempt
            ON attempt.message_id = message.id AND attempt.state NOT IN ('refused', 'absent')
         WHERE message.purpose = 'marketing' AND NOT {BEFORE_MERGE}
    ), moments AS (
        SELECT id AS call_id, lead_id, started_at AS at, NULL::timestamptz AS wrote_at FROM calls
        UNION ALL
        SELECT NULL, lead_id, at, at FROM messaging_message
         WHERE direction = 'in' AND lead_id IN (SELECT lead_id FROM calls)
    ), heard AS (
        SELECT call_id, at, max(wrote_at) OVER (
                   PARTITION BY lead_id ORDER BY at RANGE BETWEEN UNBOUNDED PRECEDING AND %(grace)s PRECEDING
               ) AS wrote_at
          FROM moments
    ), causes AS (
        SELECT call_id, 'the customer had written at ' || wrote_at AS why FROM heard
         WHERE call_id IS NOT NULL AND wrote_at > at - interval '24 hours'
        UNION ALL
        SELECT call.id, 'a person was asked for at ' || handover.requested_at
          FROM calls AS call JOIN handover_handover AS handover USING (lead_id)
         WHERE handover.requested_at > call.started_at - interval '24 hours'
           AND handover.requested_at < call.started_at - %(grace)s
        UNION ALL
        SELECT call.id, 'a call was booked for ' || booking.starts_at
          FROM calls AS call JOIN handover_booking AS booking USING (lead_id)
         WHERE booking.booked_at < call.started_at - %(grace)s AND booking.starts_at > call.started_at
           AND (booking.ended_at IS NULL OR booking.ended_at > call.started_at)
        UNION ALL
        SELECT call.id, 'it was held: ' || hold.kind
          FROM calls AS call JOIN crm_hold AS hold USING (lead_id)
         WHERE hold.until IS NULL AND hold.created_at < call.started_at - %(grace)s
           AND (hold.released_at IS NULL OR hold.released_at > call.started_at)
    )
    SELECT call.workspace_id, call.conversation_id, 'message ' || call.message_id, call.started_at,
           'marketing went out although ' || string_agg(causes.why, ', and ' ORDER BY causes.why)
      FROM calls AS call JOIN causes ON causes.call_id = call.id
     GROUP BY call.id, call.workspace_id, call.conversation_id, call.message_id, call.started_at
"""

AFTER_OPT_OUT = f"""
    SELECT DISTINCT ON (attempt.id)
           message.workspace_id, message.conversation_id, 'message ' || message.id, attempt.started_at,
           'it left after the customer opted out at ' || consent.at
      FROM crm_consent AS consent
      JOIN messaging_message AS message
        ON message.lead_id = consent.lead_id AND message.direction = 'out' AND message.purpose = consent.purpose
      JOIN messaging_channel AS channel ON channel.id = message.channel_id AND channel.kind = consent.channel_kind
      JOIN messaging_attempt AS attempt
        ON attempt.message_id = message.id AND attempt.state NOT IN ('refused', 'absent')
       AND attempt.started_at > consent.at + %(slack)s
      LEFT JOIN messaging_message AS answered ON answered.id = message.answers_id
     WHERE consent.state = 'withdrawn' AND NOT {BEFORE_MERGE}
       AND NOT coalesce((message.payload ->> 'confirms_opt_out')::boolean, false)
       AND (answered.at IS NULL OR answered.at <= consent.at)
       AND NOT EXISTS (
           SELECT 1 FROM crm_consent AS again
            WHERE again.lead_id = consent.lead_id AND again.channel_kind = consent.channel_kind
              AND again.purpose = consent.purpose AND again.state = 'granted'
              AND (again.at, again.id) > (consent.at, consent.id) AND again.at <= attempt.started_at
       )
     ORDER BY attempt.id, consent.at DESC
"""

CONSENT = Family(
    "Consent and holds",
    (
        Check(
            "marketing_without_consent",
            "Marketing without consent",
            "Marketing goes only to those whose newest word on this channel allows it.",
            WITHOUT_CONSENT,
        ),
        Check(
            "marketing_during_hold",
            "Marketing during a hold",
            "No marketing within 24 hours of the customer's words or of a request for a person, while a booked call is "
            "pending, or during a hold.",
            DURING_HOLD,
        ),
        Check(
            "sent_after_opt_out",
            "Sent after an opt-out",
            "After an opt-out nothing leaves but its confirmation and answers to what the customer writes later.",
            AFTER_OPT_OUT,
        ),
    ),
)
