import django.db.models.deletion
import django.db.models.manager
import project.kernel.clock
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0004_telegram_ids"),
    ]

    operations = [
        migrations.CreateModel(
            name="LeadMerge",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("reason", models.TextField()),
                ("actor", models.CharField(help_text="A person, or the rule that decided.", max_length=64)),
                ("merged_at", models.DateTimeField()),
                (
                    "moved",
                    models.JSONField(default=dict, help_text="Table and column, and the ids of the rows that moved."),
                ),
                ("before", models.JSONField(default=dict, help_text="What the merge changed besides, as it was.")),
                ("undone_at", models.DateTimeField(blank=True, null=True)),
            ],
        ),
        migrations.CreateModel(
            name="MergeProposal",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("reason", models.TextField()),
                ("proposed_at", models.DateTimeField()),
                ("due_at", models.DateTimeField(blank=True, null=True)),
                ("attempts_made", models.PositiveSmallIntegerField(default=0)),
                ("settled_at", models.DateTimeField(blank=True, null=True)),
                (
                    "settled_as",
                    models.CharField(blank=True, help_text="merged, or different: a person said so.", max_length=16),
                ),
            ],
        ),
        migrations.CreateModel(
            name="PeoplePolicy",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "opt_in_keywords",
                    models.JSONField(
                        blank=True,
                        default=list,
                        help_text="A message of one of these words alone agrees to marketing on its channel.",
                    ),
                ),
                (
                    "opt_in_text",
                    models.TextField(blank=True, help_text="What people read when they agree; kept with each consent."),
                ),
                (
                    "double_opt_in",
                    models.BooleanField(
                        default=True, help_text="Consent to e-mail counts once the link in a first e-mail was followed."
                    ),
                ),
                (
                    "merges_by_rule",
                    models.BooleanField(
                        default=False,
                        help_text="Two leads whom a provider names together become one without a person's word.",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Suppression",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("phone", "Phone (E.164)"),
                            ("whatsapp", "WhatsApp business-scoped id"),
                            ("telegram", "Telegram id"),
                            ("instagram", "Instagram id"),
                            ("visitor", "Web-chat visitor"),
                            ("email", "E-mail"),
                        ],
                        max_length=16,
                    ),
                ),
                ("value", models.CharField(max_length=160)),
                ("reason", models.CharField(blank=True, max_length=255)),
                ("source", models.CharField(help_text="The list it came from.", max_length=64)),
                ("created_at", models.DateTimeField(default=project.kernel.clock.now)),
                ("lifted_at", models.DateTimeField(blank=True, null=True)),
            ],
        ),
        migrations.AlterModelOptions(
            name="lead",
            options={"default_manager_name": "everything"},
        ),
        migrations.AlterModelManagers(
            name="lead",
            managers=[
                ("everything", django.db.models.manager.Manager()),
            ],
        ),
        migrations.AddField(
            model_name="consent",
            name="text_shown",
            field=models.TextField(blank=True, help_text="What the lead read when agreeing."),
        ),
        migrations.AddField(
            model_name="consent",
            name="user",
            field=models.ForeignKey(
                blank=True,
                help_text="The colleague who wrote it down.",
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="identity",
            name="handle",
            field=models.CharField(blank=True, help_text="The username that goes with it today.", max_length=160),
        ),
        migrations.AddField(
            model_name="identity",
            name="source",
            field=models.CharField(
                choices=[("channel", "Channel"), ("person", "Person"), ("import", "Import")],
                default="channel",
                max_length=16,
            ),
        ),
        migrations.AddField(
            model_name="lead",
            name="merged_into",
            field=models.ForeignKey(
                blank=True,
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="absorbed",
                to="crm.lead",
            ),
        ),
        migrations.AlterField(
            model_name="consent",
            name="source",
            field=models.CharField(
                help_text="Where it was said: keyword, provider, page, link, phone, paper, import, merge.",
                max_length=64,
            ),
        ),
        migrations.AlterField(
            model_name="consent",
            name="state",
            field=models.CharField(
                choices=[("granted", "Granted"), ("withdrawn", "Withdrawn"), ("pending", "Pending")], max_length=16
            ),
        ),
        migrations.AlterField(
            model_name="identity",
            name="kind",
            field=models.CharField(
                choices=[
                    ("phone", "Phone (E.164)"),
                    ("whatsapp", "WhatsApp business-scoped id"),
                    ("telegram", "Telegram id"),
                    ("instagram", "Instagram id"),
                    ("visitor", "Web-chat visitor"),
                    ("email", "E-mail"),
                ],
                max_length=16,
            ),
        ),
        migrations.AddConstraint(
            model_name="lead",
            constraint=models.CheckConstraint(
                condition=models.Q(("merged_into", models.F("id")), _negated=True), name="lead_not_merged_into_itself"
            ),
        ),
        migrations.AddField(
            model_name="leadmerge",
            name="gone",
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="+", to="crm.lead"),
        ),
        migrations.AddField(
            model_name="leadmerge",
            name="kept",
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="+", to="crm.lead"),
        ),
        migrations.AddField(
            model_name="leadmerge",
            name="undone_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="leadmerge",
            name="user",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="leadmerge",
            name="workspace",
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to="crm.workspace"),
        ),
        migrations.AddField(
            model_name="mergeproposal",
            name="first",
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="+", to="crm.lead"),
        ),
        migrations.AddField(
            model_name="mergeproposal",
            name="second",
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="+", to="crm.lead"),
        ),
        migrations.AddField(
            model_name="mergeproposal",
            name="workspace",
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to="crm.workspace"),
        ),
        migrations.AddField(
            model_name="peoplepolicy",
            name="workspace",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.CASCADE, related_name="people_policy", to="crm.workspace"
            ),
        ),
        migrations.AddField(
            model_name="suppression",
            name="user",
            field=models.ForeignKey(
                blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="suppression",
            name="workspace",
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to="crm.workspace"),
        ),
        migrations.AddIndex(
            model_name="leadmerge",
            index=models.Index(fields=["kept", "-id"], name="merges_of_lead"),
        ),
        migrations.AddConstraint(
            model_name="leadmerge",
            constraint=models.UniqueConstraint(
                condition=models.Q(("undone_at__isnull", True)), fields=("gone",), name="merge_one_open"
            ),
        ),
        migrations.AddConstraint(
            model_name="leadmerge",
            constraint=models.CheckConstraint(
                condition=models.Q(("kept", models.F("gone")), _negated=True), name="merge_of_two"
            ),
        ),
        migrations.AddIndex(
            model_name="mergeproposal",
            index=models.Index(condition=models.Q(("due_at__isnull", False)), fields=["due_at"], name="proposal_due"),
        ),
        migrations.AddIndex(
            model_name="mergeproposal",
            index=models.Index(
                condition=models.Q(("settled_at__isnull", True)), fields=["second"], name="proposal_open"
            ),
        ),
        migrations.AddConstraint(
            model_name="mergeproposal",
            constraint=models.UniqueConstraint(fields=("workspace", "first", "second"), name="proposal_once"),
        ),
        migrations.AddConstraint(
            model_name="mergeproposal",
            constraint=models.CheckConstraint(
                condition=models.Q(("first__lt", models.F("second"))), name="proposal_in_order"
            ),
        ),
        migrations.AddConstraint(
            model_name="suppression",
            constraint=models.UniqueConstraint(fields=("workspace", "kind", "value"), name="suppression_once"),
        ),
        migrations.AddConstraint(
            model_name="suppression",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["phone", "email"])), name="suppression_phone_or_email"
            ),
        ),
    ]
