import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("agents", "0003_seat_awaited_since"),
        ("crm", "0004_telegram_ids"),
        ("messaging", "0007_what_meta_tells"),
    ]

    operations = [
        migrations.CreateModel(
            name="ModelCall",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("crew", models.CharField(max_length=64)),
                ("model", models.CharField(max_length=128)),
                ("endpoint", models.CharField(help_text="The host that was asked.", max_length=255)),
                (
                    "outcome",
                    models.CharField(
                        help_text="“answered”, “cached” (nothing was asked) or the failure.", max_length=32
                    ),
                ),
                ("prompt_tokens", models.PositiveIntegerField(default=0)),
                ("completion_tokens", models.PositiveIntegerField(default=0)),
                ("cached_tokens", models.PositiveIntegerField(default=0, help_text="Of the prompt's tokens.")),
                (
                    "cost",
                    models.DecimalField(
                        blank=True, decimal_places=8, help_text="US dollars.", max_digits=12, null=True
                    ),
                ),
                ("seconds", models.FloatField(default=0.0)),
                ("at", models.DateTimeField()),
                (
                    "conversation",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="model_calls",
                        to="messaging.conversation",
                    ),
                ),
                (
                    "lead",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="crm.lead",
                    ),
                ),
                (
                    "turn",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="model_calls",
                        to="agents.turn",
                    ),
                ),
                ("workspace", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to="crm.workspace")),
            ],
            options={
                "indexes": [
                    models.Index(fields=["workspace", "at"], name="model_call_of_workspace"),
                    models.Index(
                        condition=models.Q(("conversation__isnull", False)),
                        fields=["conversation"],
                        name="model_call_of_conversation",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ModelDay",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("day", models.DateField()),
                ("calls", models.PositiveIntegerField(default=0)),
                ("tokens", models.PositiveBigIntegerField(default=0)),
                ("cost", models.DecimalField(decimal_places=8, default=0, max_digits=14)),
                ("workspace", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to="crm.workspace")),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("workspace", "day"), name="model_day_once")],
            },
        ),
        migrations.CreateModel(
            name="ModelLimits",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "per_conversation",
                    models.DecimalField(
                        blank=True,
                        decimal_places=4,
                        help_text="US dollars for one conversation.",
                        max_digits=10,
                        null=True,
                    ),
                ),
                (
                    "per_day",
                    models.DecimalField(
                        blank=True, decimal_places=4, help_text="US dollars for a day.", max_digits=10, null=True
                    ),
                ),
                (
                    "per_month",
                    models.DecimalField(
                        blank=True,
                        decimal_places=4,
                        help_text="US dollars for a calendar month.",
                        max_digits=10,
                        null=True,
                    ),
                ),
                (
                    "workspace",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE, related_name="model_limits", to="crm.workspace"
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "model limits",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("per_conversation__isnull", True), ("per_conversation__gte", 0), _connector="OR"),
                            models.Q(("per_day__isnull", True), ("per_day__gte", 0), _connector="OR"),
                            models.Q(("per_month__isnull", True), ("per_month__gte", 0), _connector="OR"),
                        ),
                        name="model_limits_not_negative",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="ModelTrouble",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("endpoint", models.CharField(max_length=255)),
                ("model", models.CharField(max_length=128)),
                ("cause", models.CharField(max_length=32)),
                ("count", models.PositiveIntegerField(default=1)),
                ("first_at", models.DateTimeField()),
                ("last_at", models.DateTimeField()),
                ("due_at", models.DateTimeField(blank=True, null=True)),
                ("told_at", models.DateTimeField(blank=True, null=True)),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                ("workspace", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to="crm.workspace")),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("due_at__isnull", False)), fields=["due_at"], name="model_trouble_due"
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("ended_at__isnull", True)),
                        fields=("workspace", "endpoint", "model"),
                        name="model_trouble_one_open",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("due_at__isnull", True), ("ended_at__isnull", True), _connector="OR"),
                        name="model_trouble_due_is_open",
                    ),
                ],
            },
        ),
    ]
