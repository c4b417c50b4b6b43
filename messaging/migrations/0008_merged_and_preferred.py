import django.db.models.deletion
import django.db.models.manager
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("messaging", "0007_what_meta_tells"),
        ("crm", "0005_people_and_consent"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="conversation",
            options={"default_manager_name": "everything"},
        ),
        migrations.AlterModelManagers(
            name="conversation",
            managers=[
                ("everything", django.db.models.manager.Manager()),
            ],
        ),
        migrations.AddField(
            model_name="conversation",
            name="merged_into",
            field=models.ForeignKey(
                blank=True,
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="absorbed",
                to="messaging.conversation",
            ),
        ),
        migrations.AddField(
            model_name="conversation",
            name="preferred_channel",
            field=models.ForeignKey(
                blank=True,
                help_text="Where the lead wants to be answered; empty: where they wrote last.",
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="messaging.channel",
            ),
        ),
        migrations.AddField(
            model_name="message",
            name="consent",
            field=models.ForeignKey(
                blank=True,
                help_text="The line of the ledger that allowed marketing to leave.",
                null=True,
                on_delete=django.db.models.deletion.RESTRICT,
                related_name="+",
                to="crm.consent",
            ),
        ),
        migrations.AddConstraint(
            model_name="conversation",
            constraint=models.CheckConstraint(
                condition=models.Q(("merged_into__isnull", True), ("turn_due_at__isnull", True), _connector="OR"),
                name="conversation_merged_has_no_turn",
            ),
        ),
        migrations.AddConstraint(
            model_name="message",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("purpose", "marketing"), _negated=True),
                    ("consent__isnull", False),
                    ("status__in", ["received", "queued", "suppressed", "failed", "in_doubt"]),
                    _connector="OR",
                ),
                name="message_marketing_has_consent",
            ),
        ),
    ]
