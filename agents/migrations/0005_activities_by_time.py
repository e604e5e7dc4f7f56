"""What agents did is read in the order of time, of all agents together (GET /manager/api/v1/agent_activity_logs)."""

from django.db import migrations, models

from ccai.migration_operations import AddIndexInUse


class Migration(migrations.Migration):

    atomic = False

    dependencies = [
        ('agents', '0004_people_have_limits'),
    ]

    operations = [
        AddIndexInUse(
            model_name='statuschange',
            index=models.Index(fields=['at', 'id'], name='status_changes_by_time'),
        ),
        AddIndexInUse(
            model_name='engagement',
            index=models.Index(fields=['started_at', 'id'], name='engagements_by_time'),
        ),
    ]
