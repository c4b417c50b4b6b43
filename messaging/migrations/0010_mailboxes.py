from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("messaging", "0009_files_and_links"),
    ]

    operations = [
        migrations.AddField(
            model_name="channel",
            name="fetch_due_at",
            field=models.DateTimeField(blank=True, help_text="When its mailbox is looked into next.", null=True),
        ),
        migrations.AddField(
            model_name="channel",
            name="fetched_at",
            field=models.DateTimeField(blank=True, help_text="When its mailbox was last looked into.", null=True),
        ),
        migrations.AddField(
            model_name="channel",
            name="fetch_cursor",
            field=models.JSONField(
                blank=True, default=dict, help_text="Up to where its mailbox was taken in."
            ),
        ),
        migrations.AddIndex(
            model_name="channel",
            index=models.Index(
                condition=models.Q(("fetch_due_at__isnull", False)), fields=["fetch_due_at"], name="channel_fetch_due"
            ),
        ),
    ]
