"""When people were invited, and to whose agents a supervisor is limited."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('agents', '0003_agents_seen_in_order'),
    ]

    operations = [
        migrations.AlterModelOptions(
            name='agent',
            options={'ordering': ('pk',), 'permissions': (('steer_agent', 'Can set the status of agents'),), 'verbose_name': 'agent', 'verbose_name_plural': 'agents'},
        ),
        migrations.AddField(
            model_name='user',
            name='invited_at',
            field=models.DateTimeField(blank=True, editable=False, null=True, verbose_name='invited at'),
        ),
        migrations.AddField(
            model_name='user',
            name='limited_to_teams',
            field=models.ManyToManyField(blank=True, help_text='A supervisor sees the agents and calls of these teams and of teams below them. Empty: no limit.', related_name='supervisors', to='agents.team', verbose_name='limited to teams'),
        ),
    ]
