"""Who changed what, files that wait to be applied, and tokens that see personal data."""

import ccai.times
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('ccai', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name='apitoken',
            name='personal_data',
            field=models.BooleanField(db_default=True, default=True, help_text='Untick to show names and numbers of end users masked.', verbose_name='personal data'),
        ),
        migrations.CreateModel(
            name='AuditEntry',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField(default=ccai.times.now, verbose_name='at')),
                ('who', models.CharField(help_text="The person's e-mail address at that time.", max_length=254, verbose_name='who')),
                ('address', models.GenericIPAddressField(blank=True, null=True, verbose_name='from where')),
                ('door', models.CharField(blank=True, max_length=200, verbose_name='page')),
                ('action', models.CharField(choices=[('added', 'Added'), ('changed', 'Changed'), ('deleted', 'Deleted')], max_length=8, verbose_name='action')),
                ('model', models.CharField(max_length=100, verbose_name='kind of thing')),
                ('object_id', models.CharField(max_length=64, verbose_name='id')),
                ('object_name', models.CharField(blank=True, max_length=200, verbose_name='thing')),
                ('changes', models.JSONField(default=dict, verbose_name='changes')),
                ('reason', models.TextField(blank=True, verbose_name='reason')),
                ('user', models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='user')),
            ],
            options={
                'verbose_name': 'change',
                'verbose_name_plural': 'changes',
                'ordering': ('-at', '-pk'),
                'indexes': [models.Index(fields=['-at', '-id'], name='audit_by_time'), models.Index(fields=['model', 'object_id', '-at'], name='audit_of_a_thing'), models.Index(fields=['user', '-at'], name='audit_of_a_person')],
            },
        ),
        migrations.CreateModel(
            name='StagedFile',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('purpose', models.CharField(choices=[('center', 'Center file'), ('agents', 'List of agents')], max_length=8, verbose_name='purpose')),
                ('name', models.CharField(max_length=255, verbose_name='name')),
                ('content', models.BinaryField(verbose_name='content')),
                ('created_at', models.DateTimeField(default=ccai.times.now, verbose_name='created at')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='user')),
            ],
            options={
                'verbose_name': 'uploaded file',
                'verbose_name_plural': 'uploaded files',
                'permissions': (('load_center', 'Can load and download center files'),),
                'default_permissions': (),
                'indexes': [models.Index(fields=['created_at'], name='staged_files_by_age')],
            },
        ),
    ]
