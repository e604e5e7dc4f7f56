"""Jobs that cancel many calls, lines at Twilio, comments for a CRM and what it is asked when a call is due."""

import ccai.times
import django.db.models.deletion
import uuid
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('calls', '0007_roles'),
    ]

    operations = [
        migrations.AddField(
            model_name='call',
            name='ask_crm_at',
            field=models.DateTimeField(blank=True, editable=False, null=True, verbose_name='ask the CRM at'),
        ),
        migrations.CreateModel(
            name='CancelJob',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('job_id', models.UUIDField(default=uuid.uuid4, editable=False, unique=True, verbose_name='job id')),
                ('call_ids', models.JSONField(verbose_name='call ids')),
                ('done', models.PositiveIntegerField(default=0, verbose_name='done')),
                ('cancelled', models.JSONField(default=list, verbose_name='cancelled')),
                ('failed', models.JSONField(default=list, verbose_name='failed')),
                ('asked_by', models.CharField(blank=True, max_length=254, verbose_name='asked by')),
                ('created_at', models.DateTimeField(default=ccai.times.now, verbose_name='created at')),
                ('finished_at', models.DateTimeField(blank=True, null=True, verbose_name='finished at')),
            ],
            options={
                'verbose_name': 'cancel job',
                'verbose_name_plural': 'cancel jobs',
                'default_permissions': (),
                'indexes': [models.Index(condition=models.Q(('finished_at', None)), fields=['id'], name='cancel_jobs_to_do'), models.Index(fields=['created_at'], name='cancel_jobs_by_age')],
            },
        ),
        migrations.CreateModel(
            name='TwilioLine',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('provider', models.CharField(max_length=50)),
                ('call_ref', models.BigIntegerField()),
                ('leg', models.BigIntegerField(default=0)),
                ('attempt', models.PositiveSmallIntegerField(default=1)),
                ('sid', models.CharField(blank=True, max_length=40)),
                ('state', models.CharField(choices=[('asked', 'asked for'), ('ringing', 'ringing'), ('up', 'up'), ('over', 'over')], default='asked', max_length=8)),
                ('told', models.CharField(blank=True, max_length=64)),
                ('to_number', models.CharField(max_length=200)),
                ('from_number', models.CharField(blank=True, max_length=200)),
                ('created_at', models.DateTimeField(default=ccai.times.now)),
                ('answered_at', models.DateTimeField(null=True)),
                ('over_at', models.DateTimeField(null=True)),
            ],
            options={
                'verbose_name': 'Twilio line',
                'verbose_name_plural': 'Twilio lines',
                'default_permissions': (),
                'constraints': [models.UniqueConstraint(fields=('provider', 'call_ref', 'leg', 'attempt'), name='a_line_is_rung_once'), models.UniqueConstraint(condition=models.Q(('sid', ''), _negated=True), fields=('sid',), name='a_twilio_sid_is_one_line')],
            },
        ),
        migrations.CreateModel(
            name='TwilioRecording',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('provider', models.CharField(max_length=50)),
                ('sid', models.CharField(max_length=40, unique=True)),
                ('call_ref', models.BigIntegerField()),
                ('is_message', models.BooleanField()),
                ('created_at', models.DateTimeField(default=ccai.times.now)),
                ('due_at', models.DateTimeField(default=ccai.times.now, null=True)),
                ('attempts', models.PositiveSmallIntegerField(default=0)),
            ],
            options={
                'verbose_name': 'Twilio recording',
                'verbose_name_plural': 'Twilio recordings',
                'default_permissions': (),
                'indexes': [models.Index(condition=models.Q(('due_at__isnull', False)), fields=['due_at'], name='twilio_recordings_to_fetch')],
            },
        ),
        migrations.CreateModel(
            name='CrmComment',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('occasion', models.CharField(choices=[('ended', 'The call ended'), ('refused', 'Another scheduled call for its ticket was refused')], max_length=8, verbose_name='occasion')),
                ('ticket_id', models.CharField(max_length=255, verbose_name='ticket')),
                ('text', models.TextField(verbose_name='text')),
                ('created_at', models.DateTimeField(default=ccai.times.now, verbose_name='created at')),
                ('due_at', models.DateTimeField(blank=True, default=ccai.times.now, null=True, verbose_name='due at')),
                ('attempts', models.PositiveSmallIntegerField(default=0, verbose_name='attempts')),
                ('posted_at', models.DateTimeField(blank=True, null=True, verbose_name='posted at')),
                ('error', models.CharField(blank=True, max_length=200, verbose_name='error')),
                ('call', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='crm_comments', to='calls.call', verbose_name='call')),
            ],
            options={
                'verbose_name': 'CRM comment',
                'verbose_name_plural': 'CRM comments',
                'default_permissions': (),
                'indexes': [models.Index(condition=models.Q(('due_at__isnull', False)), fields=['due_at', 'id'], name='crm_comments_due')],
                'constraints': [models.UniqueConstraint(fields=('call', 'occasion'), name='a_call_has_one_comment_of_a_kind')],
            },
        ),
    ]
