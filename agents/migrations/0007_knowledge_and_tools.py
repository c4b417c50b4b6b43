import agents.models.embedding
import crm.fields
import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.contrib.postgres.search
import django.core.validators
import django.db.models.deletion
from django.conf import settings
from django.contrib.postgres.search import SearchVector
from django.db import DatabaseError, migrations, models, transaction

ACCENTED = "áàâãäåéèêëíìîïóòôõöúùûüçñýÿÁÀÂÃÄÅÉÈÊËÍÌÎÏÓÒÔÕÖÚÙÛÜÇÑÝ"
PLAIN = "aaaaaaeeeeiiiiooooouuuucnyyaaaaaaeeeeiiiiooooouuuucny"
CONFIGURATIONS = {
    "en": "english",
    "es": "spanish",
    "pt": "portuguese",
    "fr": "french",
    "de": "german",
    "it": "italian",
    "hi": "hindi",
    "id": "indonesian",
    "ar": "arabic",
}


def _plain(column):
    names = models.F(column), models.Value(ACCENTED), models.Value(PLAIN)
    return models.Func(*names, function="translate", output_field=models.TextField())


def _stemmed(configuration, title, text):
    return SearchVector(_plain(title), weight="A", config=configuration) + SearchVector(
        _plain(text), weight="B", config=configuration
    )


def _search_vector(title, text):
    branches = [
        models.When(language__startswith=code, then=_stemmed(name, title, text))
        for code, name in CONFIGURATIONS.items()
    ]
    return models.Case(*branches, default=_stemmed("simple", title, text))


def take_in_pgvector(apps, schema_editor):
    """Where PostgreSQL has it and lets us: without it, knowledge is found by its words alone."""
    try:
        with transaction.atomic(using=schema_editor.connection.alias):
            schema_editor.execute("CREATE EXTENSION IF NOT EXISTS vector")
    except DatabaseError:
        pass


class Migration(migrations.Migration):
    dependencies = [
        ("agents", "0006_facts_scores_and_quality"),
        ("crm", "0006_catalogue"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RunPython(take_in_pgvector, migrations.RunPython.noop, elidable=True),
        migrations.CreateModel(
            name="Asking",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("text", models.TextField(max_length=2000)),
                ("at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="KnowledgeChunk",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "embedding",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=agents.models.embedding.RealField(), blank=True, editable=False, null=True, size=None
                    ),
                ),
                ("embedded_key", models.CharField(blank=True, default="", editable=False, max_length=32)),
                ("position", models.PositiveIntegerField()),
                ("title", models.CharField(max_length=300)),
                ("text", models.TextField()),
                ("language", models.CharField(blank=True, default="", max_length=8)),
                ("is_active", models.BooleanField(default=True)),
                (
                    "search",
                    models.GeneratedField(
                        db_persist=True,
                        expression=_search_vector("title", "text"),
                        output_field=django.contrib.postgres.search.SearchVectorField(),
                    ),
                ),
                (
                    "text_key",
                    models.GeneratedField(
                        db_persist=True,
                        expression=agents.models.embedding.MD5Text(
                            agents.models.embedding.Joined(
                                models.F("title"), models.Value("\n"), models.F("text"), models.Value("\n")
                            )
                        ),
                        output_field=models.CharField(max_length=32),
                    ),
                ),
            ],
            options={
                "ordering": ["source_id", "position"],
            },
        ),
        migrations.CreateModel(
            name="KnowledgeSource",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("text", "Text"),
                            ("page", "Web page"),
                            ("pdf", "PDF"),
                            ("prices", "Price list (CSV)"),
                        ],
                        max_length=16,
                    ),
                ),
                ("title", models.CharField(max_length=200)),
                ("url", models.URLField(blank=True, max_length=2000)),
                ("original", models.BinaryField(blank=True, null=True)),
                ("language", models.CharField(blank=True, default="", max_length=8)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "Waiting to be read"),
                            ("ready", "Ready"),
                            ("failed", "Could not be read"),
                        ],
                        default="waiting",
                        max_length=16,
                    ),
                ),
                ("is_active", models.BooleanField(default=True)),
                (
                    "refetch_hours",
                    models.PositiveIntegerField(
                        blank=True, help_text="How often a web page is read again; empty: never by itself.", null=True
                    ),
                ),
                ("due_at", models.DateTimeField(blank=True, null=True)),
                ("attempts_made", models.PositiveSmallIntegerField(default=0)),
                ("content_key", models.CharField(blank=True, default="", editable=False, max_length=64)),
                ("chunk_count", models.PositiveIntegerField(default=0)),
                ("error", models.TextField(blank=True)),
                ("fetched_at", models.DateTimeField(blank=True, null=True)),
                ("created_at", models.DateTimeField()),
            ],
            options={
                "ordering": ["workspace_id", "title", "id"],
            },
        ),
        migrations.CreateModel(
            name="ToolCall",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("tool", models.CharField(max_length=64)),
                (
                    "caller",
                    models.CharField(
                        choices=[
                            ("customer", "What a customer writes"),
                            ("staff", "Staff only"),
                            ("agent", "Agents by their own plan"),
                        ],
                        max_length=16,
                    ),
                ),
                ("arguments", models.JSONField(blank=True, default=dict)),
                (
                    "state",
                    models.CharField(
                        choices=[("done", "Done"), ("refused", "Refused"), ("failed", "Failed")], max_length=16
                    ),
                ),
                ("result", models.TextField(blank=True, help_text="What the agent was told.")),
                ("at", models.DateTimeField()),
                ("seconds", models.FloatField(default=0.0)),
            ],
        ),
        migrations.CreateModel(
            name="UnansweredQuestion",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("text", models.TextField(max_length=2000)),
                ("language", models.CharField(blank=True, default="", max_length=8)),
                (
                    "terms",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=64), default=list, size=None
                    ),
                ),
                ("times_asked", models.PositiveIntegerField(default=1)),
                (
                    "state",
                    models.CharField(
                        choices=[("open", "Open"), ("answered", "Answered"), ("dismissed", "Dismissed")],
                        default="open",
                        max_length=16,
                    ),
                ),
                ("first_asked_at", models.DateTimeField()),
                ("last_asked_at", models.DateTimeField()),
                ("settled_at", models.DateTimeField(blank=True, null=True)),
            ],
        ),
        migrations.CreateModel(
            name="WorkspaceTool",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "name",
                    models.CharField(
                        max_length=48,
                        validators=[
                            django.core.validators.RegexValidator(
                                "^[a-z][a-z0-9_]{2,47}\\Z", "Small letters, digits and _, such as order_status."
                            )
                        ],
                    ),
                ),
                ("description", models.CharField(help_text="What it does, as the agents read it.", max_length=500)),
                ("url", models.URLField(max_length=1000)),
                ("inputs", models.JSONField(blank=True, default=dict, help_text="JSON schema of an object.")),
                ("secrets", crm.fields.SealedJSONField(default=dict, help_text="signing_key")),
                ("callers", models.JSONField(default=list, help_text="Who may cause a call: customer, staff, agent.")),
                ("timeout_seconds", models.FloatField(default=4.0)),
                ("is_active", models.BooleanField(default=True)),
                ("created_at", models.DateTimeField()),
            ],
            options={
                "ordering": ["workspace_id", "name"],
            },
        ),
        migrations.AddField(
            model_name="knowledgeentry",
            name="embedded_key",
            field=models.CharField(blank=True, default="", editable=False, max_length=32),
        ),
        migrations.AddField(
            model_name="knowledgeentry",
            name="embedding",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=agents.models.embedding.RealField(), blank=True, editable=False, null=True, size=None
            ),
        ),
        migrations.AddField(
            model_name="knowledgeentry",
            name="text_key",
            field=models.GeneratedField(
                db_persist=True,
                expression=agents.models.embedding.MD5Text(
                    agents.models.embedding.Joined(
                        models.F("question"), models.Value("\n"), models.F("answer"), models.Value("\n")
                    )
                ),
                output_field=models.CharField(max_length=32),
            ),
        ),
        migrations.AddIndex(
            model_name="knowledgeentry",
            index=models.Index(
                condition=models.Q(("embedded_key", models.F("text_key")), _negated=True),
                fields=["id"],
                name="knowledge_not_embedded",
            ),
        ),
        migrations.AddField(
            model_name="asking",
            name="lead",
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to="crm.lead"),
        ),
        migrations.AddField(
            model_name="asking",
            name="turn",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.CASCADE, related_name="asking", to="agents.turn"
            ),
        ),
        migrations.AddField(
            model_name="asking",
            name="workspace",
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to="crm.workspace"),
        ),
        migrations.AddField(
            model_name="knowledgechunk",
            name="workspace",
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to="crm.workspace"),
        ),
        migrations.AddField(
            model_name="knowledgesource",
            name="workspace",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="knowledge_sources", to="crm.workspace"
            ),
        ),
        migrations.AddField(
            model_name="knowledgechunk",
            name="source",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="chunks", to="agents.knowledgesource"
            ),
        ),
        migrations.AddField(
            model_name="toolcall",
            name="lead",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="tool_calls", to="crm.lead"
            ),
        ),
        migrations.AddField(
            model_name="toolcall",
            name="turn",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="tool_calls",
                to="agents.turn",
            ),
        ),
        migrations.AddField(
            model_name="toolcall",
            name="workspace",
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to="crm.workspace"),
        ),
        migrations.AddField(
            model_name="unansweredquestion",
            name="entry",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="learned_from",
                to="agents.knowledgeentry",
            ),
        ),
        migrations.AddField(
            model_name="unansweredquestion",
            name="settled_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="unansweredquestion",
            name="workspace",
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to="crm.workspace"),
        ),
        migrations.AddField(
            model_name="asking",
            name="question",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="askings", to="agents.unansweredquestion"
            ),
        ),
        migrations.AddField(
            model_name="workspacetool",
            name="workspace",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="tools", to="crm.workspace"
            ),
        ),
        migrations.AddIndex(
            model_name="knowledgesource",
            index=models.Index(
                condition=models.Q(("due_at__isnull", False)), fields=["due_at"], name="knowledge_source_due"
            ),
        ),
        migrations.AddConstraint(
            model_name="knowledgesource",
            constraint=models.UniqueConstraint(
                condition=models.Q(("url", ""), _negated=True),
                fields=("workspace", "url"),
                name="knowledge_source_url_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="knowledgesource",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("kind", "page"), models.Q(("url", ""), _negated=True)),
                    models.Q(models.Q(("kind", "page"), _negated=True), ("original__isnull", False)),
                    _connector="OR",
                ),
                name="knowledge_source_has_origin",
            ),
        ),
        migrations.AddConstraint(
            model_name="knowledgesource",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "waiting"), _negated=True), ("due_at__isnull", False), _connector="OR"
                ),
                name="knowledge_source_waiting_is_due",
            ),
        ),
        migrations.AddIndex(
            model_name="knowledgechunk",
            index=django.contrib.postgres.indexes.GinIndex(
                condition=models.Q(("is_active", True)), fields=["search"], name="knowledge_chunk_search"
            ),
        ),
        migrations.AddIndex(
            model_name="knowledgechunk",
            index=models.Index(
                condition=models.Q(("embedded_key", models.F("text_key")), _negated=True),
                fields=["id"],
                name="chunk_not_embedded",
            ),
        ),
        migrations.AddConstraint(
            model_name="knowledgechunk",
            constraint=models.UniqueConstraint(fields=("source", "position"), name="knowledge_chunk_once"),
        ),
        migrations.AddIndex(
            model_name="toolcall",
            index=models.Index(fields=["lead", "-id"], name="tool_call_of_lead"),
        ),
        migrations.AddIndex(
            model_name="unansweredquestion",
            index=models.Index(
                condition=models.Q(("state", "open")),
                fields=["workspace", "-times_asked", "-id"],
                name="unanswered_open",
            ),
        ),
        migrations.AddIndex(
            model_name="unansweredquestion",
            index=django.contrib.postgres.indexes.GinIndex(
                condition=models.Q(("state", "open")), fields=["terms"], name="unanswered_terms"
            ),
        ),
        migrations.AddConstraint(
            model_name="unansweredquestion",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("settled_at__isnull", True), ("state", "open")),
                    models.Q(models.Q(("state", "open"), _negated=True), ("settled_at__isnull", False)),
                    _connector="OR",
                ),
                name="unanswered_settled_has_time",
            ),
        ),
        migrations.AddConstraint(
            model_name="workspacetool",
            constraint=models.UniqueConstraint(fields=("workspace", "name"), name="workspace_tool_once"),
        ),
        migrations.AddConstraint(
            model_name="workspacetool",
            constraint=models.CheckConstraint(
                condition=models.Q(("timeout_seconds__gt", 0), ("timeout_seconds__lte", 8)),
                name="workspace_tool_timeout_in_range",
            ),
        ),
    ]
