"""Saved views of the history, who moved a call on, and the permissions of the back office."""

import ccai.times
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('agents', '0004_people_have_limits'),
        ('calls', '0004_live_calls_in_order'),
        ('menus', '0003_closings_and_branches'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='SavedView',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=100, verbose_name='name')),
                ('query', models.TextField(blank=True, verbose_name='query')),
                ('shared', models.BooleanField(default=False, help_text='Everybody who sees the history sees it.', verbose_name='shared')),
                ('created_at', models.DateTimeField(default=ccai.times.now, verbose_name='created at')),
            ],
            options={
                'verbose_name': 'saved view',
                'verbose_name_plural': 'saved views',
                'ordering': ('name', 'pk'),
            },
        ),
        migrations.AlterModelOptions(
            name='call',
            options={'ordering': ('-created_at', '-id'), 'permissions': (('export_call', 'Can export the call history'), ('force_end_call', 'Can end live and stuck calls'), ('reschedule_call', 'Can cancel, move and start scheduled calls'), ('view_report', 'Can see reports'), ('view_wallboard', 'Can see the wallboard')), 'verbose_name': 'call', 'verbose_name_plural': 'calls'},
        ),
        migrations.AlterModelOptions(
            name='enduser',
            options={'ordering': ('pk',), 'permissions': (('view_personal_data', 'Can see names and numbers of end users'),), 'verbose_name': 'end user', 'verbose_name_plural': 'end users'},
        ),
        migrations.AddField(
            model_name='callevent',
            name='by',
            field=models.CharField(blank=True, db_default='', default='', max_length=254, verbose_name='by'),
        ),
        migrations.AddField(
            model_name='savedview',
            name='owner',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='saved_views', to=settings.AUTH_USER_MODEL, verbose_name='owner'),
        ),
        migrations.AddConstraint(
            model_name='savedview',
            constraint=models.UniqueConstraint(fields=('owner', 'name'), name='a_person_has_a_view_of_a_name_once'),
        ),
    ]
