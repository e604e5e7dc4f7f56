"""Emergency closings, substitutes of deleted menus, redirections that are switched, branches of supervisors."""

import ccai.times
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('menus', '0002_menus_have_a_priority'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterModelOptions(
            name='menu',
            options={'ordering': ('position', 'pk'), 'permissions': (('close_menu', 'Can close menus in an emergency, redirect them, and open them again'),), 'verbose_name': 'menu', 'verbose_name_plural': 'menus'},
        ),
        migrations.AddField(
            model_name='deflectionoption',
            name='active',
            field=models.BooleanField(db_default=True, default=True, verbose_name='active'),
        ),
        migrations.AddField(
            model_name='deflectionoption',
            name='switched_at',
            field=models.DateTimeField(blank=True, editable=False, null=True, verbose_name='switched at'),
        ),
        migrations.AddField(
            model_name='deflectionoption',
            name='switched_by',
            field=models.ForeignKey(blank=True, editable=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='switched by'),
        ),
        migrations.AddField(
            model_name='menu',
            name='substitute',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='menus.menu', verbose_name='substitute'),
        ),
        migrations.CreateModel(
            name='Closing',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('whole_branch', models.BooleanField(default=False, verbose_name='whole branch')),
                ('reason', models.CharField(blank=True, max_length=200, verbose_name='reason')),
                ('closed_at', models.DateTimeField(default=ccai.times.now, verbose_name='closed at')),
                ('opened_at', models.DateTimeField(blank=True, null=True, verbose_name='opened at')),
                ('closed_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='closed by')),
                ('menu', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='closings', to='menus.menu', verbose_name='menu')),
                ('opened_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='opened by')),
            ],
            options={
                'verbose_name': 'closing',
                'verbose_name_plural': 'closings',
                'ordering': ('-closed_at', '-pk'),
            },
        ),
        migrations.AddField(
            model_name='menu',
            name='closing',
            field=models.ForeignKey(blank=True, editable=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='menus', to='menus.closing', verbose_name='closing'),
        ),
        migrations.CreateModel(
            name='BranchLimit',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('menu', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='menus.menu', verbose_name='branch')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='branch_limits', to=settings.AUTH_USER_MODEL, verbose_name='user')),
            ],
            options={
                'verbose_name': 'branch of a supervisor',
                'verbose_name_plural': 'branches of a supervisor',
                'ordering': ('pk',),
                'constraints': [models.UniqueConstraint(fields=('user', 'menu'), name='a_supervisor_has_a_branch_once')],
            },
        ),
    ]
