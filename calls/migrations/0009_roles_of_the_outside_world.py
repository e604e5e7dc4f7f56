"""The group "admin" may see and change webhook endpoints, and send what was not delivered again."""

from django.contrib.auth.management import create_permissions
from django.db import migrations

ADMIN = (
    'add_webhookendpoint',
    'change_webhookendpoint',
    'delete_webhookendpoint',
    'resend_webhookdelivery',
    'view_webhookattempt',
    'view_webhookdelivery',
    'view_webhookendpoint',
    'view_webhookevent',
)


def make_permissions(apps, using):
    """The permissions of the new models have their rows, which Django makes only after the last migration otherwise."""
    config = apps.get_app_config('ccai')
    config.models_module = True  # that of a migration has none, and would be passed over
    create_permissions(config, verbosity=0, interactive=False, using=using, apps=apps)
    config.models_module = None


def found(apps, using):
    return apps.get_model('auth', 'Permission').objects.using(using).filter(
        content_type__app_label='ccai', codename__in=ADMIN
    )


def allow(apps, schema_editor):
    using = schema_editor.connection.alias
    make_permissions(apps, using)
    group, _ = apps.get_model('auth', 'Group').objects.using(using).get_or_create(name='admin')
    group.permissions.add(*found(apps, using))


def take_back(apps, schema_editor):
    using = schema_editor.connection.alias
    for group in apps.get_model('auth', 'Group').objects.using(using).filter(name='admin'):
        group.permissions.remove(*found(apps, using))


class Migration(migrations.Migration):

    dependencies = [
        ('auth', '0012_alter_user_first_name_max_length'),
        ('calls', '0008_the_outside_world'),
        ('ccai', '0003_the_outbox'),
        ('contenttypes', '0002_remove_content_type_name'),
    ]

    operations = [
        migrations.RunPython(allow, take_back),
    ]
