"""The tables and columns of live calls.

No table is rewritten: new columns are empty or have one constant, which the database gives them also for the processes
of the release before, which know nothing of them.
"""

import ccai.times
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('agents', '0002_agents_are_seen'),
        ('calls', '0001_initial'),
        ('menus', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='Disposition',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=100, unique=True, verbose_name='name')),
                ('position', models.PositiveIntegerField(default=0, verbose_name='position')),
                ('active', models.BooleanField(default=True, verbose_name='active')),
            ],
            options={
                'verbose_name': 'disposition',
                'verbose_name_plural': 'dispositions',
                'ordering': ('position', 'name'),
            },
        ),
        migrations.CreateModel(
            name='Hold',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('started_at', models.DateTimeField(default=ccai.times.now, verbose_name='started at')),
                ('ended_at', models.DateTimeField(blank=True, null=True, verbose_name='ended at')),
            ],
            options={
                'verbose_name': 'hold',
                'verbose_name_plural': 'holds',
                'ordering': ('pk',),
            },
        ),
        migrations.CreateModel(
            name='Note',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('text', models.TextField(blank=True, verbose_name='text')),
                ('created_at', models.DateTimeField(default=ccai.times.now, verbose_name='created at')),
                ('updated_at', models.DateTimeField(default=ccai.times.now, verbose_name='updated at')),
            ],
            options={
                'verbose_name': 'note',
                'verbose_name_plural': 'notes',
                'ordering': ('pk',),
            },
        ),
        migrations.CreateModel(
            name='VoipOrder',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('provider', models.CharField(max_length=50, verbose_name='provider')),
                ('kind', models.CharField(choices=[('hang_up', 'Hang up'), ('hold', 'Hold'), ('resume', 'Resume'), ('instruct', "Tell the end user's line what to do"), ('reach', 'Ring the end user, without an agent'), ('add_agent', 'Ring another agent'), ('drop_agent', "Let an agent's line go")], max_length=12, verbose_name='kind')),
                ('leg', models.BigIntegerField(default=0, verbose_name='leg')),
                ('created_at', models.DateTimeField(default=ccai.times.now, verbose_name='created at')),
                ('next_at', models.DateTimeField(blank=True, null=True, verbose_name='next at')),
                ('attempts', models.PositiveSmallIntegerField(default=0, verbose_name='attempts')),
                ('error', models.CharField(blank=True, max_length=200, verbose_name='error')),
            ],
            options={
                'verbose_name': 'provider order',
                'verbose_name_plural': 'provider orders',
                'ordering': ('pk',),
            },
        ),
        migrations.AddField(
            model_name='call',
            name='data_parameters',
            field=models.JSONField(blank=True, db_default={}, default=dict, verbose_name='data parameters'),
        ),
        migrations.AddField(
            model_name='call',
            name='feedback',
            field=models.TextField(blank=True, db_default='', default='', verbose_name='feedback'),
        ),
        migrations.AddField(
            model_name='call',
            name='priority',
            field=models.SmallIntegerField(db_default=0, default=0, help_text='Higher ones are served first.', verbose_name='priority'),
        ),
        migrations.AddField(
            model_name='call',
            name='queue',
            field=models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='queued_calls', to='menus.menu', verbose_name='queue'),
        ),
        migrations.AddField(
            model_name='call',
            name='unheard_since',
            field=models.DateTimeField(blank=True, null=True, verbose_name='provider silent since'),
        ),
        migrations.AddField(
            model_name='call',
            name='voicemail',
            field=models.FileField(blank=True, db_default='', default='', max_length=200, upload_to='', verbose_name='voicemail'),
        ),
        migrations.AddField(
            model_name='call',
            name='waits_since',
            field=models.DateTimeField(blank=True, null=True, verbose_name='waits since'),
        ),
        migrations.AddField(
            model_name='offer',
            name='alone',
            field=models.BooleanField(db_default=False, default=False, help_text='Nobody else is offered the call meanwhile: a deltacast, a transfer.', verbose_name='alone'),
        ),
        migrations.AddField(
            model_name='offer',
            name='expires_at',
            field=models.DateTimeField(blank=True, null=True, verbose_name='expires at'),
        ),
        migrations.AddField(
            model_name='offer',
            name='transfer',
            field=models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='offers', to='calls.transfer', verbose_name='transfer'),
        ),
        migrations.AddField(
            model_name='participant',
            name='on_line_at',
            field=models.DateTimeField(blank=True, null=True, verbose_name='on the line since'),
        ),
        migrations.AddField(
            model_name='sandboxcall',
            name='hangs_up_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='sandboxcall',
            name='heard',
            field=models.JSONField(db_default=[], default=list),
        ),
        migrations.AddField(
            model_name='sandboxcall',
            name='held',
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AddField(
            model_name='sandboxcall',
            name='keys',
            field=models.CharField(blank=True, db_default='', default='', max_length=100),
        ),
        migrations.AddField(
            model_name='sandboxcall',
            name='leg',
            field=models.BigIntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name='transfer',
            name='ended_at',
            field=models.DateTimeField(blank=True, null=True, verbose_name='ended at'),
        ),
        migrations.AddField(
            model_name='transfer',
            name='kind',
            field=models.CharField(choices=[('cold', 'Cold'), ('warm', 'Warm')], db_default='cold', default='cold', max_length=8, verbose_name='kind'),
        ),
        migrations.AlterField(
            model_name='offer',
            name='group',
            field=models.CharField(blank=True, max_length=100, verbose_name='group'),
        ),
        migrations.AlterField(
            model_name='sandboxcall',
            name='step',
            field=models.CharField(choices=[('caller_acts', 'The caller presses a key, or hangs up'), ('caller_waits', 'The caller waits'), ('message_is_left', 'The caller has left a message'), ('agent_answers', "The agent's leg answers"), ('end_user_reacts', 'The end user answers, or does not'), ('end_user_hangs_up', 'The end user hangs up'), ('recording_is_ready', 'The recording is ready'), ('waiting', 'Waiting to be told'), ('over', 'Over')], max_length=20),
        ),
        migrations.AddField(
            model_name='call',
            name='disposition',
            field=models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='calls', to='calls.disposition', verbose_name='disposition'),
        ),
        migrations.AddField(
            model_name='hold',
            name='agent',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='agents.agent', verbose_name='agent'),
        ),
        migrations.AddField(
            model_name='hold',
            name='call',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='holds', to='calls.call', verbose_name='call'),
        ),
        migrations.AddField(
            model_name='note',
            name='agent',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='agents.agent', verbose_name='agent'),
        ),
        migrations.AddField(
            model_name='note',
            name='call',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='notes', to='calls.call', verbose_name='call'),
        ),
        migrations.AddField(
            model_name='voiporder',
            name='call',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='voip_orders', to='calls.call', verbose_name='call'),
        ),
        migrations.AddConstraint(
            model_name='hold',
            constraint=models.UniqueConstraint(condition=models.Q(('ended_at', None)), fields=('call',), name='a_call_is_held_once_at_a_time'),
        ),
        migrations.AddConstraint(
            model_name='note',
            constraint=models.UniqueConstraint(fields=('call', 'agent'), name='an_agent_has_one_note_on_a_call'),
        ),
        migrations.AddIndex(
            model_name='voiporder',
            index=models.Index(condition=models.Q(('next_at__isnull', False)), fields=['next_at', 'id'], name='voip_orders_to_carry_out'),
        ),
    ]
