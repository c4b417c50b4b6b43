import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("agents", "0004_model_spending"),
        ("crm", "0004_telegram_ids"),
        ("messaging", "0007_what_meta_tells"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Correction",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("corrected_at", models.DateTimeField()),
                (
                    "digest",
                    models.CharField(
                        help_text="Of the text in one spelling: how the exact tier finds it.", max_length=64
                    ),
                ),
                ("text", models.TextField(help_text="In the customer's spelling; it goes when the lead goes.")),
                ("intent", models.CharField(max_length=32)),
                (
                    "was_read_as",
                    models.CharField(blank=True, help_text="What the analyst had made of it.", max_length=32),
                ),
                (
                    "corrected_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "lead",
                    models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="+", to="crm.lead"),
                ),
                (
                    "message",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="messaging.message"
                    ),
                ),
                ("workspace", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to="crm.workspace")),
            ],
            options={
                "indexes": [models.Index(fields=["workspace", "-corrected_at", "-id"], name="correction_newest")],
                "constraints": [models.UniqueConstraint(fields=("workspace", "digest"), name="correction_one_meaning")],
            },
        ),
        migrations.CreateModel(
            name="TrainedLayer",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("due_at", models.DateTimeField(blank=True, null=True)),
                ("attempts_made", models.PositiveSmallIntegerField(default=0)),
                ("trained_at", models.DateTimeField(blank=True, null=True)),
                ("corrections", models.PositiveIntegerField(default=0, help_text="From how many it was trained.")),
                (
                    "model_digest",
                    models.CharField(blank=True, help_text="The model that it belongs to.", max_length=64),
                ),
                ("weights", models.BinaryField(default=bytes)),
                (
                    "workspace",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="crm.workspace"
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(condition=models.Q(("due_at__isnull", False)), fields=["due_at"], name="layer_due")
                ],
            },
        ),
    ]
