"""Facts are noted for webhooks where they are committed: by triggers, in the same transaction (docs/decisions/0018)."""

from django.db import migrations

NOTE = """
-- in plpgsql, which keeps its plans for the session: it runs at every line of every trail
CREATE FUNCTION webhooks_note(of_workspace bigint, of_lead bigint, of_fact text, happened timestamptz, known jsonb)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO webhooks_delivery (workspace_id, subscription_id, key, fact, lead_id, details, at, body, state, due_at,
                                   attempts_made, error)
    SELECT of_workspace, subscription.id, gen_random_uuid(), of_fact, of_lead, known, happened, '', 'pending', happened,
           0, ''
      FROM webhooks_subscription AS subscription
     WHERE subscription.workspace_id = of_workspace AND subscription.is_active AND of_fact = ANY (subscription.facts);
END $$;

CREATE FUNCTION webhooks_note_trail() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM webhooks_note(NEW.workspace_id, NEW.lead_id, NEW.kind, NEW.at,
                          NEW.facts || jsonb_build_object('reason', NEW.reason, 'actor', NEW.actor));
    RETURN NULL;
END $$;

CREATE FUNCTION webhooks_note_status() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM webhooks_note(NEW.workspace_id, NEW.lead_id, 'message.' || NEW.status,
                          CASE NEW.status WHEN 'read' THEN coalesce(NEW.read_at, NEW.at)
                                          ELSE coalesce(NEW.delivered_at, NEW.at) END,
                          jsonb_build_object('message', NEW.id));
    RETURN NULL;
END $$;

CREATE TRIGGER webhooks_note_trail AFTER INSERT ON crm_trailentry
    FOR EACH ROW EXECUTE FUNCTION webhooks_note_trail();

-- what stands in no trail: the provider's own news of a message
CREATE TRIGGER webhooks_note_status AFTER UPDATE OF status ON messaging_message
    FOR EACH ROW WHEN (NEW.status IN ('delivered', 'read') AND NEW.status <> OLD.status)
    EXECUTE FUNCTION webhooks_note_status();
"""

FORGET = """
DROP TRIGGER webhooks_note_status ON messaging_message;
DROP TRIGGER webhooks_note_trail ON crm_trailentry;
DROP FUNCTION webhooks_note_status();
DROP FUNCTION webhooks_note_trail();
DROP FUNCTION webhooks_note(bigint, bigint, text, timestamptz, jsonb);
"""


class Migration(migrations.Migration):

    dependencies = [
        ('crm', '0001_initial'),
        ('messaging', '0001_initial'),
        ('webhooks', '0001_subscriptions'),
    ]

    operations = [migrations.RunSQL(NOTE, FORGET)]
