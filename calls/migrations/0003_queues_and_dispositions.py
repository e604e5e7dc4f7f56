"""Calls that are under way get their queue; agents get dispositions to choose from."""

from django.db import migrations, models

DISPOSITIONS = ('Resolved', 'Needs follow-up', 'Wrong number', 'No answer')


def give_queues(apps, schema_editor):
    """Calls that wait or are with an agent have the queue they wait in, and their place in it."""
    live = ("queued", "assigned", "connecting", "switching", "connected")
    apps.get_model("calls", "Call").objects.filter(status__in=live, menu__isnull=False).update(
        queue=models.F("menu"), waits_since=models.F("queued_at")
    )


def add_dispositions(apps, schema_editor):
    """There is something to choose from at first."""
    disposition = apps.get_model("calls", "Disposition")
    for position, name in enumerate(DISPOSITIONS):
        disposition.objects.get_or_create(name=name, defaults={"position": position})


def remove_dispositions(apps, schema_editor):
    """Those that no call has are gone; the table of the others goes with them."""
    apps.get_model("calls", "Disposition").objects.filter(name__in=DISPOSITIONS, calls=None).delete()


class Migration(migrations.Migration):

    dependencies = [
        ('calls', '0002_live_calls'),
    ]

    operations = [
        migrations.RunPython(give_queues, migrations.RunPython.noop, elidable=True),
        migrations.RunPython(add_dispositions, remove_dispositions),
    ]
