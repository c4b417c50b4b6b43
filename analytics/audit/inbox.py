"""Nothing that arrived is lost: events, the messages they became, and the order on the screens."""

from .checks import Check, Family

WAITING = """
    SELECT workspace_id, NULL::bigint, 'event ' || id, received_at,
           source || ' ' || kind || ' after ' || attempts_made || ' attempts: '
               || coalesce(nullif(left(error, 160), ''), 'not tried yet')
      FROM messaging_webhookevent
     WHERE state = 'received' AND received_at < %(now)s - %(grace)s
"""

PARKED = """
    SELECT workspace_id, NULL::bigint, 'event ' || id, received_at, source || ' ' || kind || ': ' || left(error, 160)
      FROM messaging_webhookevent WHERE state = 'parked'
"""

REPEATED = """
    SELECT min(workspace_id), NULL::bigint, 'events ' || string_agg(id::text, ', '), max(received_at),
           'one event of ' || source || ' was taken in ' || count(*) || ' times'
      FROM messaging_webhookevent GROUP BY source, source_id, key HAVING count(*) > 1
"""

# Key and event are written in one statement; events older than the shortest retention may be gone.
LOST = """
    SELECT channel.workspace_id, NULL::bigint, 'event key ' || known.id, known.received_at,
           'an event of ' || known.source || ' was acknowledged, and is not there'
      FROM messaging_eventkey AS known
      LEFT JOIN messaging_channel AS channel ON channel.id = known.source_id AND channel.kind = known.source
     WHERE known.received_at > %(now)s - interval '7 days'
       AND NOT EXISTS (
           SELECT 1 FROM messaging_webhookevent AS event
            WHERE event.source = known.source AND event.source_id = known.source_id AND event.key = known.key
       )
"""

# A door calls an event `inbound` when its key is the message's provider id. The canary forgets its messages.
WITHOUT_MESSAGE = """
    SELECT event.workspace_id, NULL::bigint, 'event ' || event.id, event.received_at,
           'a customer''s message on ' || event.source || ' was ' || event.state || ', and no conversation has it'
      FROM messaging_webhookevent AS event
     WHERE event.kind = 'inbound' AND event.source <> 'canary'
       AND EXISTS (SELECT 1 FROM messaging_channel WHERE id = event.source_id AND kind = event.source)
       AND event.state IN ('applied', 'ignored')
       AND NOT EXISTS (
           SELECT 1 FROM messaging_message AS message
            WHERE message.channel_id = event.source_id AND message.direction = 'in' AND message.provider_id = event.key
       )
"""

BEYOND_SEQ = """
    SELECT message.workspace_id, message.conversation_id, 'message ' || message.id, message.at,
           'position ' || message.position || ', changed at ' || message.seq || '; the conversation is at '
               || conversation.seq
      FROM messaging_message AS message
      JOIN messaging_conversation AS conversation ON conversation.id = message.conversation_id
     WHERE message.position > message.seq OR message.seq > conversation.seq
"""

POSITION_TWICE = """
    SELECT min(workspace_id), conversation_id, 'position ' || position, max(at),
           count(*) || ' messages stand there: ' || string_agg(id::text, ', ')
      FROM messaging_message GROUP BY conversation_id, position HAVING count(*) > 1
"""

INBOX = Family(
    "Nothing that arrived is lost",
    (
        Check(
            "events_waiting",
            "Events not applied",
            "What a provider delivered is applied within a minute.",
            WAITING,
        ),
        Check(
            "events_parked",
            "Events parked",
            "Every event can be understood; one that cannot waits here to be looked at and replayed.",
            PARKED,
        ),
        Check(
            "events_repeated",
            "Events taken in twice",
            "A provider's event is taken in once, however often it is delivered.",
            REPEATED,
            guard="event_key_once",
        ),
        Check(
            "events_lost",
            "Events lost",
            "An event that was acknowledged in the last seven days is there.",
            LOST,
        ),
        Check(
            "events_without_message",
            "Events without their message",
            "A customer's message that was applied stands in a conversation.",
            WITHOUT_MESSAGE,
        ),
        Check(
            "positions_beyond_seq",
            "Positions beyond the sequence",
            "A message stands no further than its conversation has counted.",
            BEYOND_SEQ,
        ),
        Check(
            "positions_twice",
            "Positions taken twice",
            "Every position in a conversation belongs to one message.",
            POSITION_TWICE,
            guard="message_position_once",
        ),
    ),
)
