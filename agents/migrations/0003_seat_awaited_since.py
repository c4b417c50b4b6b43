from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("agents", "0002_operators_alerts")]

    operations = [
        migrations.AddField(
            model_name="turn",
            name="seat_awaited_since",
            field=models.DateTimeField(
                blank=True,
                help_text="Since when it waits for a place to think; the waiting is part of its budget.",
                null=True,
            ),
        ),
    ]
