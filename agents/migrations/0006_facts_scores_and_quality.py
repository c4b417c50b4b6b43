import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("agents", "0005_corrections"),
        ("crm", "0004_telegram_ids"),
        ("messaging", "0007_what_meta_tells"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Extraction",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "state",
                    models.CharField(
                        choices=[("waiting", "Waiting"), ("taken", "Taken"), ("done", "Done"), ("parked", "Parked")],
                        default="waiting",
                        max_length=16,
                    ),
                ),
                ("why", models.CharField(max_length=120)),
                ("due_at", models.DateTimeField()),
                ("claimed_until", models.DateTimeField(blank=True, null=True)),
                ("attempts_made", models.PositiveSmallIntegerField(default=0)),
                ("read_from", models.BigIntegerField(default=0)),
                ("read_to", models.BigIntegerField(default=0)),
                (
                    "outcome",
                    models.JSONField(
                        blank=True, default=dict, help_text="What was found, by which tier, at what cost."
                    ),
                ),
                ("error", models.TextField(blank=True)),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                (
                    "conversation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="extractions",
                        to="messaging.conversation",
                    ),
                ),
                ("lead", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to="crm.lead")),
                ("workspace", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to="crm.workspace")),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("state__in", ["waiting", "taken"])),
                        fields=["due_at"],
                        name="extraction_due",
                    ),
                    models.Index(fields=["conversation", "-id"], name="extraction_of_conversation"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state__in", ["waiting", "taken"])),
                        fields=("conversation",),
                        name="extraction_one_open",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "taken"), _negated=True),
                            ("claimed_until__isnull", False),
                            _connector="OR",
                        ),
                        name="extraction_taken_has_lease",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("finished_at__isnull", False), ("state__in", ["done", "parked"])),
                            models.Q(
                                models.Q(("state__in", ["done", "parked"]), _negated=True),
                                ("finished_at__isnull", True),
                            ),
                            _connector="OR",
                        ),
                        name="extraction_end_has_time",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="LeadFact",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("field", models.CharField(help_text="A key of agents.qualification.fields.FIELDS.", max_length=32)),
                ("value", models.CharField(blank=True, max_length=255)),
                (
                    "source",
                    models.CharField(
                        choices=[
                            ("offline", "read from the words"),
                            ("model", "understood by the model"),
                            ("person", "entered by a person"),
                        ],
                        max_length=16,
                    ),
                ),
                ("confidence", models.FloatField(help_text="From 0 to 1; a person is sure.")),
                ("words", models.CharField(blank=True, help_text="The customer's words that said so.", max_length=300)),
                ("at", models.DateTimeField()),
                ("superseded_at", models.DateTimeField(blank=True, null=True)),
                (
                    "lead",
                    models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="facts", to="crm.lead"),
                ),
                (
                    "message",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="messaging.message",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("workspace", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to="crm.workspace")),
            ],
            options={
                "indexes": [models.Index(fields=["lead", "field", "-id"], name="lead_fact_history")],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("superseded_at__isnull", True)),
                        fields=("lead", "field"),
                        name="lead_fact_one_current",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("confidence__gte", 0), ("confidence__lte", 1)),
                        name="lead_fact_confidence_in_range",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("source", "person"), models.Q(("value", ""), _negated=True), _connector="OR"
                        ),
                        name="lead_fact_only_people_take_away",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="LeadScore",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("engagement", models.PositiveSmallIntegerField(default=0)),
                ("intent", models.PositiveSmallIntegerField(default=0)),
                ("fit", models.PositiveSmallIntegerField(default=0)),
                ("parts", models.JSONField(blank=True, default=dict)),
                (
                    "opinion",
                    models.JSONField(
                        blank=True, default=dict, help_text="The model's own figures, when a model was asked."
                    ),
                ),
                ("computed_at", models.DateTimeField(blank=True, null=True)),
                ("due_at", models.DateTimeField(blank=True, null=True)),
                (
                    "lead",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE, related_name="score", to="crm.lead"
                    ),
                ),
                ("workspace", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to="crm.workspace")),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("due_at__isnull", False)), fields=["due_at"], name="lead_score_due"
                    )
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("engagement__lte", 100), ("fit__lte", 100), ("intent__lte", 100)),
                        name="lead_score_in_range",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="LeadTag",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=40)),
                (
                    "source",
                    models.CharField(
                        choices=[
                            ("offline", "read from the words"),
                            ("model", "understood by the model"),
                            ("person", "entered by a person"),
                        ],
                        max_length=16,
                    ),
                ),
                ("at", models.DateTimeField()),
                (
                    "removed_at",
                    models.DateTimeField(
                        blank=True, help_text="When a person took it away; no reading puts it back.", null=True
                    ),
                ),
                (
                    "lead",
                    models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="tags", to="crm.lead"),
                ),
                ("workspace", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to="crm.workspace")),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("removed_at__isnull", True)),
                        fields=["workspace", "name"],
                        name="lead_tag_in_use",
                    )
                ],
                "constraints": [models.UniqueConstraint(fields=("lead", "name"), name="lead_tag_once")],
            },
        ),
        migrations.CreateModel(
            name="TurnQuality",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("intent", models.CharField(blank=True, max_length=32)),
                ("step", models.CharField(max_length=32)),
                ("tier", models.CharField(blank=True, max_length=32)),
                ("sentiment_trend", models.FloatField(blank=True, null=True)),
                ("coherence", models.FloatField(blank=True, null=True)),
                ("groundedness", models.FloatField(blank=True, null=True)),
                ("appropriateness", models.FloatField(blank=True, null=True)),
                ("flaws", models.JSONField(blank=True, default=list, help_text="In words: what the checks found.")),
                ("at", models.DateTimeField()),
                (
                    "turn",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE, related_name="quality", to="agents.turn"
                    ),
                ),
                ("workspace", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to="crm.workspace")),
            ],
            options={
                "verbose_name_plural": "turn quality",
                "indexes": [
                    models.Index(fields=["workspace", "-at"], name="turn_quality_newest"),
                    models.Index(
                        condition=models.Q(("flaws", []), _negated=True),
                        fields=["workspace", "-at"],
                        name="turn_quality_flawed",
                    ),
                ],
            },
        ),
    ]
