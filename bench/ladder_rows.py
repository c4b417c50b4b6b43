"""Open handovers by the hundred thousand: rows as the product writes them, in bulk and therefore in SQL.

Handover N has N % 4 rungs behind it; the next one is due in 20 to 30 minutes.
"""

ADD_HANDOVERS = """
SET session_replication_role = replica;
CREATE TEMP TABLE added AS
SELECT nextval(pg_get_serial_sequence('crm_lead', 'id')) AS lead, nextval(pg_get_serial_sequence(
    'messaging_conversation', 'id')) AS conversation, nextval(pg_get_serial_sequence('handover_handover', 'id'))
    AS handover, gen_random_uuid() AS message, workspace.id AS workspace, channel.id AS channel, number % 4 AS climbed,
    now() + make_interval(secs => 1200 + random() * 600) - (number % 4 + 1) * interval '15 minutes' AS requested_at
FROM generate_series(1, {count}) AS number, crm_workspace AS workspace, messaging_channel AS channel;

INSERT INTO crm_lead (id, workspace_id, name, company, email, language, timezone, is_vip, created_at)
SELECT lead, workspace, 'Davi ' || lead, '', '', '', '', false, requested_at FROM added;

INSERT INTO crm_identity (workspace_id, lead_id, kind, value, created_at)
SELECT workspace, lead, 'phone', '+5511' || lpad(lead::text, 9, '9'), requested_at FROM added;

INSERT INTO messaging_conversation (id, workspace_id, lead_id, channel_id, status, seq, unread, last_message_at,
    last_inbound_at, last_preview, last_voice, created_at)
SELECT conversation, workspace, lead, channel, 'open', 3, 1, requested_at, requested_at, 'I want to talk to a human',
    'customer', requested_at FROM added;

INSERT INTO messaging_message (id, workspace_id, conversation_id, lead_id, channel_id, direction, voice, purpose, body,
    media, payload, status, position, seq, at, provider_id, attempts_made, verdict, error_code)
SELECT message, workspace, conversation, lead, channel, 'in', 'customer', 'service', 'I want to talk to a human',
    '[]', '{{}}', 'received', 1, 1, requested_at, 'SM' || lpad(lead::text, 32, '0'), 0, '{{}}', '' FROM added;

INSERT INTO messaging_servicewindow (workspace_id, conversation_id, channel_id, address, opened_at, closes_at)
SELECT workspace, conversation, channel, 'whatsapp:+5511' || lpad(lead::text, 9, '9'), requested_at,
    requested_at + interval '24 hours' FROM added;

INSERT INTO messaging_floor (workspace_id, lead_id, holder, epoch, changed_at)
SELECT workspace, lead, '', 1, requested_at FROM added;

INSERT INTO agents_agentstate (workspace_id, lead_id, agent, state, changed_at)
SELECT workspace, lead, agent, state, requested_at FROM added, (VALUES
    (false, 'primary', 'HANDOVER'), (false, 'monitor', 'ACTIVE'), (false, 'bridge', 'STANDBY'),
    (true, 'primary', 'DISABLED'), (true, 'monitor', 'ACTIVE'), (true, 'bridge', 'ACTIVE')
) AS now (is_bridged, agent, state) WHERE is_bridged = (climbed = 3);

INSERT INTO crm_hold (workspace_id, lead_id, kind, reason, until, created_at)
SELECT workspace, lead, 'human_requested', 'they asked for a person', requested_at + interval '24 hours', requested_at
FROM added;

INSERT INTO handover_handover (id, workspace_id, lead_id, conversation_id, state, trigger, reason, request,
    requested_by_id, urgency, after_hours, requested_at, ended_reason)
SELECT handover, workspace, lead, conversation, 'waiting', 'explicit_request', 'They asked for a person.',
    'I want to talk to a human', message, 'normal', false, requested_at, '' FROM added;

INSERT INTO handover_ladderstep (workspace_id, handover_id, rung, due_at, state, attempts_made, done_at, verdict)
SELECT workspace, handover, rung, requested_at + place * interval '15 minutes',
    CASE WHEN place > climbed THEN 'pending' ELSE 'fired' END, 0,
    CASE WHEN place > climbed THEN NULL ELSE requested_at + place * interval '15 minutes' END, ''
FROM added, (VALUES (1, 'alert'), (2, 'update'), (3, 'bridge'), (4, 'resume')) AS ladder (place, rung);

DROP TABLE added
"""

VACUUM = "VACUUM ANALYZE"

MAKE_DUE = """
CREATE TEMP TABLE chosen AS
SELECT handover_id, min(due_at) - clock_timestamp() AS ahead FROM handover_ladderstep
WHERE state = 'pending' AND due_at > now() + interval '15 minutes'
    AND handover_id IN (SELECT id FROM handover_handover WHERE state = 'waiting' ORDER BY id DESC LIMIT {count})
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
