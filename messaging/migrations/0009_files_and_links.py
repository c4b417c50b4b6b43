import django.db.models.deletion
import messaging.models.links
import project.kernel.clock
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("messaging", "0008_merged_and_preferred"),
        ("crm", "0004_telegram_ids"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='TrackedLink',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('token', models.CharField(default=messaging.models.links.new_link_token, max_length=32, unique=True)),
                ('shown', models.TextField(help_text='The address as it was written.')),
                ('destination', models.TextField(help_text='Where the token leads: the same, with what was added to it.')),
                ('created_at', models.DateTimeField(default=project.kernel.clock.now)),
                ('expires_at', models.DateTimeField()),
                ('lead', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to='crm.lead')),
                ('message', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='links', to='messaging.message')),
                ('workspace', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to='crm.workspace')),
            ],
        ),
        migrations.CreateModel(
            name='LinkClick',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('day', models.DateField()),
                ('at', models.DateTimeField()),
                ('workspace', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to='crm.workspace')),
                ('link', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='clicks', to='messaging.trackedlink')),
            ],
        ),
        migrations.CreateModel(
            name='Attachment',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('position', models.PositiveSmallIntegerField(default=0, help_text="Its place in the message's media.")),
                ('state', models.CharField(choices=[('wanted', 'Wanted'), ('uploaded', 'Uploaded'), ('stored', 'Stored'), ('refused', 'Refused'), ('failed', 'Failed')], max_length=16)),
                ('reason', models.CharField(blank=True, help_text='Why it is not kept, as the team reads it.', max_length=255)),
                ('file_name', models.CharField(blank=True, max_length=160)),
                ('claimed_type', models.CharField(blank=True, max_length=100)),
                ('content_type', models.CharField(blank=True, max_length=100)),
                ('size', models.BigIntegerField(blank=True, null=True)),
                ('sha256', models.CharField(blank=True, max_length=64)),
                ('width', models.PositiveIntegerField(blank=True, null=True)),
                ('height', models.PositiveIntegerField(blank=True, null=True)),
                ('file', models.FileField(blank=True, max_length=255, upload_to='')),
                ('thumbnail', models.FileField(blank=True, max_length=255, upload_to='')),
                ('created_at', models.DateTimeField(default=project.kernel.clock.now)),
                ('due_at', models.DateTimeField(blank=True, null=True)),
                ('claimed_until', models.DateTimeField(blank=True, null=True)),
                ('attempts_made', models.PositiveSmallIntegerField(default=0)),
                ('message', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='attachments', to='messaging.message')),
                ('uploaded_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, to=settings.AUTH_USER_MODEL)),
                ('workspace', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to='crm.workspace')),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('due_at__isnull', False)), fields=['due_at'], name='attachment_due')],
                'constraints': [models.UniqueConstraint(fields=('message', 'position'), name='attachment_place_once'), models.CheckConstraint(condition=models.Q(models.Q(('state__in', ['wanted', 'uploaded']), _negated=True), ('due_at__isnull', False), _connector='OR'), name='attachment_waiting_is_due'), models.CheckConstraint(condition=models.Q(models.Q(('message__isnull', True), ('state', 'uploaded')), models.Q(models.Q(('state', 'uploaded'), _negated=True), ('message__isnull', False)), _connector='OR'), name='attachment_has_message'), models.CheckConstraint(condition=models.Q(models.Q(('state__in', ['stored', 'uploaded']), _negated=True), models.Q(models.Q(('file', ''), _negated=True), models.Q(('content_type', ''), _negated=True)), _connector='OR'), name='attachment_kept_has_file')],
            },
        ),
        migrations.CreateModel(
            name='LinkPolicy',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('tracks_marketing', models.BooleanField(default=True)),
                ('tracks_service', models.BooleanField(default=False)),
                ('adds_utm', models.BooleanField(default=True, help_text="Tell the company's own site where the visit came from.")),
                ('valid_days', models.PositiveSmallIntegerField(default=90)),
                ('untracked_hosts', models.TextField(blank=True, help_text='Hosts whose addresses are left as they are, one a line; those below them too.')),
                ('workspace', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='link_policy', to='crm.workspace')),
            ],
            options={
                'verbose_name_plural': 'link policies',
                'constraints': [models.CheckConstraint(condition=models.Q(('valid_days__gte', 1), ('valid_days__lte', 730)), name='link_policy_days')],
            },
        ),
        migrations.AddIndex(
            model_name='trackedlink',
            index=models.Index(fields=['message'], name='link_of_message'),
        ),
        migrations.AddConstraint(
            model_name='linkclick',
            constraint=models.UniqueConstraint(fields=('link', 'day'), name='click_once_a_day'),
        ),
    ]
