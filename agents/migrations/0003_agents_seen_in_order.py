"""The index by which agents are found who have gone, on a table that is in use."""

from django.db import migrations, models

from ccai.migration_operations import AddIndexInUse


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ('agents', '0002_agents_are_seen'),
    ]

    operations = [
        AddIndexInUse(
            model_name='agent',
            index=models.Index(condition=models.Q(('status', 'available')), fields=['seen_at'], name='available_agents_seen'),
        ),
    ]
