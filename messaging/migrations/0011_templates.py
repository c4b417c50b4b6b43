import datetime
import django.db.models.deletion
import project.kernel.clock
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("messaging", "0010_mailboxes"),
        ("crm", "0004_telegram_ids"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="MessageTemplate",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("channel_kind", models.CharField(max_length=32)),
                ("account", models.CharField(help_text="The provider's account that owns it.", max_length=64)),
                ("provider_id", models.CharField(max_length=64)),
                ("reference", models.CharField(max_length=600)),
                ("name", models.CharField(max_length=512)),
                ("language", models.CharField(max_length=16)),
                (
                    "category",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("utility", "utility"),
                            ("marketing", "marketing"),
                            ("authentication", "authentication"),
                        ],
                        max_length=16,
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("draft", "draft"),
                            ("pending", "waits for approval"),
                            ("approved", "approved"),
                            ("rejected", "rejected"),
                            ("paused", "paused"),
                            ("disabled", "disabled"),
                            ("gone", "no longer at the provider"),
                        ],
                        default="draft",
                        max_length=16,
                    ),
                ),
                (
                    "quality",
                    models.CharField(
                        blank=True, help_text="green, yellow, red, or empty while unknown.", max_length=16
                    ),
                ),
                ("header", models.TextField(blank=True)),
                ("body", models.TextField(blank=True)),
                ("footer", models.TextField(blank=True)),
                ("buttons", models.JSONField(blank=True, default=list)),
                ("variables", models.JSONField(blank=True, default=dict)),
                (
                    "reason",
                    models.CharField(blank=True, help_text="Why it was rejected, paused or disabled.", max_length=500),
                ),
                ("unsupported", models.CharField(blank=True, help_text="Why Baton cannot send it.", max_length=255)),
                ("paused_until", models.DateTimeField(blank=True, null=True)),
                (
                    "told_at",
                    models.DateTimeField(blank=True, help_text="When the provider last told its state.", null=True),
                ),
                ("created_at", models.DateTimeField(default=project.kernel.clock.now)),
            ],
        ),
        migrations.CreateModel(
            name="Reach",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("account", models.CharField(help_text="The kind of channel and the account.", max_length=100)),
                ("reached_at", models.DateTimeField()),
            ],
            options={
                "verbose_name_plural": "reach",
            },
        ),
        migrations.CreateModel(
            name="SendingPolicy",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("quiet_from", models.TimeField(default=datetime.time(21, 0), help_text="The customer's local time.")),
                (
                    "quiet_to",
                    models.TimeField(default=datetime.time(8, 0), help_text="Equal to the beginning: no quiet hours."),
                ),
                (
                    "marketing_cap",
                    models.PositiveSmallIntegerField(
                        blank=True,
                        default=4,
                        help_text="Marketing messages to one customer, over all channels.",
                        null=True,
                    ),
                ),
                ("cap_days", models.PositiveSmallIntegerField(default=7, help_text="In so many days.")),
            ],
            options={
                "verbose_name_plural": "sending policies",
            },
        ),
        migrations.CreateModel(
            name="TemplateChange",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField()),
                ("what", models.CharField(help_text="status, quality or category.", max_length=16)),
                ("before", models.CharField(blank=True, max_length=32)),
                ("after", models.CharField(blank=True, max_length=32)),
                ("reason", models.CharField(blank=True, max_length=500)),
            ],
        ),
        migrations.CreateModel(
            name="TemplateUse",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "purpose",
                    models.CharField(
                        choices=[
                            ("handover_update", "The update while a customer waits for a person"),
                            ("bridge", "The offer of a booked call"),
                            ("resume", "The AI resumes, and says so"),
                            ("callback", "A colleague calls or writes back later"),
                            ("agent_reply", "The AI has an answer, but the window has closed"),
                        ],
                        max_length=32,
                    ),
                ),
                ("values", models.JSONField(blank=True, default=dict)),
            ],
        ),
        migrations.AddField(
            model_name="channel",
            name="reach_limit",
            field=models.PositiveIntegerField(
                blank=True,
                help_text="How many people the provider lets its account write to outside the window in 24 hours.",
                null=True,
            ),
        ),
        migrations.AddField(
            model_name="channel",
            name="templates_error",
            field=models.CharField(blank=True, help_text="Why the last listing failed.", max_length=255),
        ),
        migrations.AddField(
            model_name="channel",
            name="templates_listed_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="channel",
            name="upkeep_due_at",
            field=models.DateTimeField(
                blank=True,
                default=project.kernel.clock.now,
                help_text="When the provider is next asked for the templates and the standing of the sender.",
                null=True,
            ),
        ),
        migrations.AddField(
            model_name="message",
            name="template_form",
            field=models.JSONField(
                blank=True,
                db_default=models.Value({}, models.JSONField()),
                default=dict,
                help_text="The purpose, words and variables of its template.",
            ),
        ),
        migrations.AddField(
            model_name="servicewindow",
            name="ad_clicked_at",
            field=models.DateTimeField(
                blank=True,
                help_text="When the customer came from an advertisement; an answer within a day is free.",
                null=True,
            ),
        ),
        migrations.AddField(
            model_name="servicewindow",
            name="invalid_at",
            field=models.DateTimeField(
                blank=True, help_text="When the provider said that nobody is reached at this address.", null=True
            ),
        ),
        migrations.AddField(
            model_name="servicewindow",
            name="invalid_reason",
            field=models.CharField(blank=True, db_default="", default="", max_length=255),
        ),
        migrations.AddIndex(
            model_name="channel",
            index=models.Index(
                condition=models.Q(("upkeep_due_at__isnull", False)),
                fields=["upkeep_due_at"],
                name="channel_upkeep_due",
            ),
        ),
        migrations.AddField(
            model_name="messagetemplate",
            name="workspace",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="templates", to="crm.workspace"
            ),
        ),
        migrations.AddField(
            model_name="message",
            name="template",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                help_text="What it leaves as outside the service window.",
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                to="messaging.messagetemplate",
            ),
        ),
        migrations.AddIndex(
            model_name="message",
            index=models.Index(
                condition=models.Q(("purpose", "marketing")), fields=["lead", "-at"], name="message_marketing"
            ),
        ),
        migrations.AddIndex(
            model_name="message",
            index=models.Index(
                condition=models.Q(("status", "queued"), ("template__isnull", False)),
                fields=["template"],
                name="message_templated",
            ),
        ),
        migrations.AddField(
            model_name="reach",
            name="lead",
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, to="crm.lead"),
        ),
        migrations.AddField(
            model_name="reach",
            name="workspace",
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to="crm.workspace"),
        ),
        migrations.AddField(
            model_name="sendingpolicy",
            name="workspace",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.CASCADE, related_name="sending_policy", to="crm.workspace"
            ),
        ),
        migrations.AddField(
            model_name="templatechange",
            name="template",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="changes", to="messaging.messagetemplate"
            ),
        ),
        migrations.AddField(
            model_name="templatechange",
            name="user",
            field=models.ForeignKey(
                blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="templatechange",
            name="workspace",
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to="crm.workspace"),
        ),
        migrations.AddField(
            model_name="templateuse",
            name="template",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="uses", to="messaging.messagetemplate"
            ),
        ),
        migrations.AddField(
            model_name="templateuse",
            name="workspace",
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to="crm.workspace"),
        ),
        migrations.AddIndex(
            model_name="messagetemplate",
            index=models.Index(
                fields=["workspace", "channel_kind", "account", "name", "language"], name="template_named"
            ),
        ),
        migrations.AddConstraint(
            model_name="messagetemplate",
            constraint=models.UniqueConstraint(
                fields=("workspace", "channel_kind", "account", "provider_id"), name="template_once"
            ),
        ),
        migrations.AddIndex(
            model_name="reach",
            index=models.Index(fields=["workspace", "account", "-reached_at"], name="reach_newest"),
        ),
        migrations.AddConstraint(
            model_name="reach",
            constraint=models.UniqueConstraint(fields=("lead", "account"), name="reach_once"),
        ),
        migrations.AddConstraint(
            model_name="sendingpolicy",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("marketing_cap__isnull", True),
                    models.Q(("marketing_cap__gte", 1), ("marketing_cap__lte", 100)),
                    _connector="OR",
                ),
                name="policy_cap_in_range",
            ),
        ),
        migrations.AddConstraint(
            model_name="sendingpolicy",
            constraint=models.CheckConstraint(
                condition=models.Q(("cap_days__gte", 1), ("cap_days__lte", 90)), name="policy_days_in_range"
            ),
        ),
        migrations.AddIndex(
            model_name="templatechange",
            index=models.Index(fields=["template", "-id"], name="template_changes"),
        ),
        migrations.AddConstraint(
            model_name="templateuse",
            constraint=models.UniqueConstraint(fields=("workspace", "purpose", "template"), name="template_use_once"),
        ),
    ]
