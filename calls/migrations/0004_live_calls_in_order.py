"""The indexes and constraints of live calls, on tables that are large and in use."""

from django.db import migrations, models

from ccai.migration_operations import AddConstraintInUse, AddIndexInUse, RemoveConstraintInUse, RemoveIndexInUse


def give_queues(apps, schema_editor):
    """Calls that processes of the release before have made since the others got theirs have a queue, too."""
    live = ("queued", "assigned", "connecting", "switching", "connected")
    apps.get_model("calls", "Call").objects.filter(
        status__in=live, queue=None, menu__isnull=False, queued_at__isnull=False
    ).update(queue=models.F("menu"), waits_since=models.F("queued_at"))


def give_menus(apps, schema_editor):
    """Calls that were transferred to a queue, and never chose a menu, have that as their menu on the way back."""
    waiting = apps.get_model("calls", "Call").objects.filter(status="queued", menu=None)
    waiting.update(menu=models.F("queue"))


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ('calls', '0003_queues_and_dispositions'),
    ]

    operations = [
        AddIndexInUse(
            model_name='offer',
            index=models.Index(condition=models.Q(('status', 'open')), fields=['expires_at'], name='offers_to_lapse'),
        ),
        AddIndexInUse(
            model_name='offer',
            index=models.Index(fields=['agent', '-offered_at'], name='offers_of_an_agent'),
        ),
        AddConstraintInUse(
            model_name='offer',
            constraint=models.UniqueConstraint(condition=models.Q(('alone', True), ('status', 'open')), fields=('call',), name='a_call_has_one_offer_that_stands_alone'),
        ),
        AddConstraintInUse(
            model_name='transfer',
            constraint=models.UniqueConstraint(condition=models.Q(('status', 'transferring')), fields=('call',), name='a_call_is_handed_on_once_at_a_time'),
        ),
        AddIndexInUse(
            model_name='call',
            index=models.Index(models.F('queue_id'), models.OrderBy(models.F('priority'), descending=True), models.F('waits_since'), models.F('id'), condition=models.Q(('status', 'queued')), name='calls_waiting_in_a_queue'),
        ),
        AddIndexInUse(
            model_name='call',
            index=models.Index(condition=models.Q(('status', 'queued')), fields=['cast_until'], name='calls_to_cast_on'),
        ),
        migrations.RunPython(give_queues, migrations.RunPython.noop, elidable=True),
        AddConstraintInUse(
            model_name='call',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('status', 'queued'), _negated=True), models.Q(('queue__isnull', False), ('queued_at__isnull', False), ('waits_since__isnull', False)), _connector='OR'), name='a_queued_call_has_a_queue_and_a_place_in_it'),
        ),
        AddIndexInUse(
            model_name='offer',
            index=models.Index(condition=models.Q(('transfer__isnull', False)), fields=['transfer'], name='offers_of_a_transfer'),
        ),
        RemoveConstraintInUse(
            model_name='call',
            name='a_queued_call_has_a_menu_and_a_place_in_time',
        ),
        RemoveIndexInUse(
            model_name='call',
            name='calls_waiting_in_a_menu',
        ),
        migrations.RunPython(migrations.RunPython.noop, give_menus, elidable=True),
    ]
