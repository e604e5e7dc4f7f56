"""End users are read in the order in which they were first met (GET /end_users)."""

from django.db import migrations, models

from ccai.migration_operations import AddIndexInUse


class Migration(migrations.Migration):

    atomic = False

    dependencies = [
        ('calls', '0009_roles_of_the_outside_world'),
    ]

    operations = [
        AddIndexInUse(
            model_name='enduser',
            index=models.Index(models.OrderBy(models.F('created_at'), descending=True), models.OrderBy(models.F('id'), descending=True), name='end_users_by_creation'),
        ),
    ]
