"""The outbox of webhooks, and answers that are given again."""

import ccai.models.webhooks
import ccai.times
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('ccai', '0002_who_changed_what'),
    ]

    operations = [
        migrations.CreateModel(
            name='WebhookDelivery',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('subject', models.CharField(max_length=40, verbose_name='subject')),
                ('status', models.CharField(choices=[('pending', 'pending'), ('delivered', 'delivered'), ('given_up', 'given up')], default='pending', max_length=9, verbose_name='status')),
                ('attempts', models.PositiveSmallIntegerField(default=0, verbose_name='attempts')),
                ('first_tried_at', models.DateTimeField(blank=True, null=True, verbose_name='first tried at')),
                ('due_at', models.DateTimeField(blank=True, default=ccai.times.now, null=True, verbose_name='due at')),
                ('claimed_until', models.DateTimeField(blank=True, null=True, verbose_name='claimed until')),
                ('over_at', models.DateTimeField(blank=True, null=True, verbose_name='over at')),
            ],
            options={
                'verbose_name': 'webhook delivery',
                'verbose_name_plural': 'webhook deliveries',
                'ordering': ('-pk',),
                'permissions': (('resend_webhookdelivery', 'Can send webhook deliveries again'),),
            },
        ),
        migrations.CreateModel(
            name='WebhookEndpoint',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('url', models.URLField(max_length=500, verbose_name='URL')),
                ('description', models.CharField(blank=True, max_length=100, verbose_name='description')),
                ('events', models.JSONField(blank=True, default=list, verbose_name='events')),
                ('secret', models.CharField(default=ccai.models.webhooks.make_secret, editable=False, max_length=100, verbose_name='secret')),
                ('previous_secret', models.CharField(blank=True, editable=False, max_length=100, verbose_name='previous secret')),
                ('previous_secret_until', models.DateTimeField(blank=True, editable=False, null=True, verbose_name='previous secret is good until')),
                ('active', models.BooleanField(default=True, verbose_name='active')),
                ('disabled', models.CharField(blank=True, choices=[('by_hand', 'switched off'), ('gone', 'it answered 410 Gone'), ('failing', 'it failed for three days')], editable=False, max_length=8, verbose_name='why it is not active')),
                ('disabled_at', models.DateTimeField(blank=True, editable=False, null=True, verbose_name='not active since')),
                ('failing_since', models.DateTimeField(blank=True, editable=False, null=True, verbose_name='failing since')),
                ('created_at', models.DateTimeField(default=ccai.times.now, editable=False, verbose_name='created at')),
            ],
            options={
                'verbose_name': 'webhook endpoint',
                'verbose_name_plural': 'webhook endpoints',
                'ordering': ('pk',),
            },
        ),
        migrations.CreateModel(
            name='WebhookAttempt',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField(default=ccai.times.now, verbose_name='at')),
                ('code', models.PositiveSmallIntegerField(blank=True, null=True, verbose_name='code')),
                ('milliseconds', models.PositiveIntegerField(default=0, verbose_name='milliseconds')),
                ('error', models.CharField(blank=True, max_length=200, verbose_name='error')),
                ('answer', models.TextField(blank=True, verbose_name='answer')),
                ('delivery', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='tries', to='ccai.webhookdelivery', verbose_name='delivery')),
            ],
            options={
                'verbose_name': 'webhook attempt',
                'verbose_name_plural': 'webhook attempts',
                'ordering': ('-pk',),
            },
        ),
        migrations.AddField(
            model_name='webhookdelivery',
            name='endpoint',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='deliveries', to='ccai.webhookendpoint', verbose_name='endpoint'),
        ),
        migrations.CreateModel(
            name='WebhookEvent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uid', models.CharField(max_length=40, unique=True, verbose_name='message id')),
                ('type', models.CharField(max_length=50, verbose_name='event')),
                ('subject', models.CharField(max_length=40, verbose_name='subject')),
                ('body', models.TextField(verbose_name='body')),
                ('at', models.DateTimeField(default=ccai.times.now, verbose_name='at')),
            ],
            options={
                'verbose_name': 'webhook event',
                'verbose_name_plural': 'webhook events',
                'ordering': ('-pk',),
                'indexes': [models.Index(fields=['subject', '-id'], name='webhook_events_of_a_subject'), models.Index(fields=['at'], name='webhook_events_by_age')],
            },
        ),
        migrations.AddField(
            model_name='webhookdelivery',
            name='event',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='deliveries', to='ccai.webhookevent', verbose_name='event'),
        ),
        migrations.CreateModel(
            name='IdempotencyKey',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(max_length=255, verbose_name='key')),
                ('request_hash', models.CharField(max_length=64, verbose_name='request hash')),
                ('status', models.PositiveSmallIntegerField(null=True, verbose_name='status')),
                ('headers', models.JSONField(default=dict, verbose_name='headers')),
                ('body', models.TextField(blank=True, verbose_name='body')),
                ('created_at', models.DateTimeField(default=ccai.times.now, verbose_name='created at')),
                ('token', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='ccai.apitoken', verbose_name='API token')),
            ],
            options={
                'verbose_name': 'idempotency key',
                'verbose_name_plural': 'idempotency keys',
                'default_permissions': (),
                'indexes': [models.Index(fields=['created_at'], name='idempotency_keys_by_age')],
                'constraints': [models.UniqueConstraint(fields=('token', 'key'), name='a_token_uses_a_key_once')],
            },
        ),
        migrations.AddIndex(
            model_name='webhookdelivery',
            index=models.Index(condition=models.Q(('status', 'pending')), fields=['endpoint', 'due_at', 'event'], name='webhook_deliveries_due'),
        ),
        migrations.AddIndex(
            model_name='webhookdelivery',
            index=models.Index(condition=models.Q(('status', 'pending')), fields=['endpoint', 'subject', 'event'], name='webhook_deliveries_in_order'),
        ),
        migrations.AddIndex(
            model_name='webhookdelivery',
            index=models.Index(fields=['endpoint', '-id'], name='webhook_deliveries_to_one'),
        ),
        migrations.AddConstraint(
            model_name='webhookdelivery',
            constraint=models.UniqueConstraint(fields=('event', 'endpoint'), name='an_endpoint_gets_an_event_once'),
        ),
    ]
