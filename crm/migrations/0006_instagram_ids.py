from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0005_people_and_consent"),
    ]

    operations = [
        migrations.AlterField(
            model_name="identity",
            name="kind",
            field=models.CharField(
                choices=[
                    ("phone", "Phone (E.164)"),
                    ("whatsapp", "WhatsApp business-scoped id"),
                    ("telegram", "Telegram id"),
                    ("visitor", "Web-chat visitor"),
                    ("email", "E-mail"),
                    ("instagram", "Instagram-scoped id"),
                ],
                max_length=16,
            ),
        )
    ]
