"""What a lead allowed, and when marketing must wait. Judged by the calls that were made, from the facts themselves."""

from .checks import Check, Family

# `refused` and `absent` are calls that are known not to have reached the customer: they said nothing.
WITHOUT_CONSENT = """
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
       AND NOT EXISTS (
           SELECT 1 FROM crm_consent AS line
            WHERE line.lead_id = message.lead_id AND line.channel_kind = channel.kind AND line.purpose = 'marketing'
              AND line.state = 'granted' AND line.at BETWEEN attempt.started_at - %(slack)s AND attempt.started_at
       )
"""

# The causes of the holds, not the rows of crm_hold: a hold that ran out and was extended later looks as if it had
# held all the time between. Only holds without an end tell when they were in force.
DURING_HOLD = """
    SELECT DISTINCT ON (attempt.id)
           message.workspace_id, message.conversation_id, 'message ' || message.id, attempt.started_at,
           'marketing went out although ' || cause.why
      FROM messaging_message AS message
      JOIN messaging_attempt AS attempt
        ON attempt.message_id = message.id AND attempt.state NOT IN ('refused', 'absent')
      JOIN LATERAL (
          SELECT 'the customer had written at ' || word.at AS why FROM messaging_message AS word
           WHERE word.lead_id = message.lead_id AND word.direction = 'in'
             AND word.at > attempt.started_at - interval '24 hours' AND word.at < attempt.started_at - %(grace)s
          UNION ALL
          SELECT 'a person was asked for at ' || handover.requested_at FROM handover_handover AS handover
           WHERE handover.lead_id = message.lead_id
             AND handover.requested_at > attempt.started_at - interval '24 hours'
             AND handover.requested_at < attempt.started_at - %(grace)s
          UNION ALL
          SELECT 'a call was booked for ' || booking.starts_at FROM handover_booking AS booking
           WHERE booking.lead_id = message.lead_id AND booking.booked_at < attempt.started_at - %(grace)s
             AND booking.starts_at > attempt.started_at
             AND (booking.ended_at IS NULL OR booking.ended_at > attempt.started_at)
          UNION ALL
          SELECT 'it was held: ' || hold.kind FROM crm_hold AS hold
           WHERE hold.lead_id = message.lead_id AND hold.until IS NULL
             AND hold.created_at < attempt.started_at - %(grace)s
             AND (hold.released_at IS NULL OR hold.released_at > attempt.started_at)
      ) AS cause ON true
     WHERE message.purpose = 'marketing'
     ORDER BY attempt.id, cause.why
"""

AFTER_OPT_OUT = """
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
     WHERE consent.state = 'withdrawn'
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
