"""The indexes of the history's searches and of the reports, on a table that is large and in use."""

from django.db import migrations, models

from ccai.migration_operations import AddIndexInUse

# The end of a phone number is the beginning of the number written backwards. SQLite, which has no such function in
# its files, looks through the numbers it has.
BUILD = (
    "CREATE INDEX CONCURRENTLY IF NOT EXISTS calls_by_end_of_number "
    "ON calls_call (reverse(end_user_number) text_pattern_ops)"
)
DROP = "DROP INDEX CONCURRENTLY IF EXISTS calls_by_end_of_number"
BROKEN = (
    "SELECT 1 FROM pg_index WHERE indexrelid = to_regclass('calls_by_end_of_number') AND NOT indisvalid"
)


def build_backwards_index(apps, schema_editor):
    """PostgreSQL finds calls by the end of a number. What an interrupted build left behind is built anew."""
    if schema_editor.connection.vendor != "postgresql":
        return
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(BROKEN)
        broken = cursor.fetchone()
    if broken:
        schema_editor.execute(DROP)
    schema_editor.execute(BUILD)


def drop_backwards_index(apps, schema_editor):
    """The index is gone."""
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(DROP)


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ('calls', '0005_the_back_office'),
    ]

    operations = [
        AddIndexInUse(
            model_name='call',
            index=models.Index(models.F('rating'), models.OrderBy(models.F('created_at'), descending=True), models.OrderBy(models.F('id'), descending=True), condition=models.Q(('rating__isnull', False)), name='rated_calls'),
        ),
        AddIndexInUse(
            model_name='call',
            index=models.Index(models.F('deflection'), models.OrderBy(models.F('created_at'), descending=True), models.OrderBy(models.F('id'), descending=True), condition=models.Q(('deflection', 'no_deflection'), _negated=True), name='deflected_calls'),
        ),
        AddIndexInUse(
            model_name='call',
            index=models.Index(models.OrderBy(models.F('created_at'), descending=True), models.OrderBy(models.F('id'), descending=True), condition=models.Q(('bad_actor', True)), name='calls_of_bad_actors'),
        ),
        AddIndexInUse(
            model_name='call',
            index=models.Index(models.OrderBy(models.F('created_at'), descending=True), models.OrderBy(models.F('id'), descending=True), condition=models.Q(('verified_customer', True)), name='calls_of_the_verified'),
        ),
        AddIndexInUse(
            model_name='call',
            index=models.Index(models.OrderBy(models.F('created_at'), descending=True), models.OrderBy(models.F('id'), descending=True), condition=models.Q(('repeat_customer', True)), name='calls_of_the_repeated'),
        ),
        AddIndexInUse(
            model_name='call',
            index=models.Index(models.OrderBy(models.F('created_at'), descending=True), models.OrderBy(models.F('id'), descending=True), condition=models.Q(('has_feedback', True)), name='calls_with_feedback'),
        ),
        AddIndexInUse(
            model_name='call',
            index=models.Index(models.F('disposition_id'), models.OrderBy(models.F('created_at'), descending=True), models.OrderBy(models.F('id'), descending=True), condition=models.Q(('disposition__isnull', False)), name='calls_by_disposition'),
        ),
        AddIndexInUse(
            model_name='call',
            index=models.Index(condition=models.Q(('call_duration__gt', 0)), fields=['call_duration'], name='calls_by_duration'),
        ),
        AddIndexInUse(
            model_name='call',
            index=models.Index(condition=models.Q(('connected_at__isnull', False)), fields=['connected_at'], name='calls_by_connection'),
        ),
        AddIndexInUse(
            model_name='call',
            index=models.Index(condition=models.Q(('ends_at', None)), fields=['status', 'queue'], name='calls_that_are_live'),
        ),
        AddIndexInUse(
            model_name='call',
            index=models.Index(models.F('queue_id'), models.OrderBy(models.F('created_at'), descending=True), models.OrderBy(models.F('id'), descending=True), name='calls_by_queue'),
        ),
        migrations.RunPython(build_backwards_index, drop_backwards_index),
    ]
