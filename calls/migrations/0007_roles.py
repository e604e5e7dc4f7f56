"""A group for each role, with what the role may do; agents without a role are in the group "agent"."""

from django.contrib.auth.management import create_permissions
from django.db import migrations

# What each role may do, as agents/roles.py had it when this was written: application, then codenames.
AGENT = '''
    calls: view_personal_data
'''
VIEWER = '''
    agents: view_agent view_engagement view_language view_outboundnumber view_statuschange view_team
    calls: add_savedview change_savedview delete_savedview export_call view_call view_callevent view_deflectiondetail
    calls: view_dialprompt view_disposition view_enduser view_hold view_note view_offer view_offerevent
    calls: view_participant view_photo view_report view_savedview view_transfer view_video view_voiporder
    calls: view_wallboard
    menus: view_agentgroup view_closing view_deflectionoption view_menu view_menuoutboundnumber
'''
SUPERVISOR = VIEWER + '''
    agents: steer_agent
    calls: force_end_call reschedule_call view_contact view_contactphone view_personal_data view_ticket
    menus: close_menu
'''
ADMIN = SUPERVISOR + '''
    agents: add_agent add_language add_outboundnumber add_team add_user change_agent change_language
    agents: change_outboundnumber change_team change_user delete_language delete_outboundnumber delete_team view_user
    auth: view_group
    calls: add_contact add_contactphone add_disposition add_enduser add_ticket change_contact change_contactphone
    calls: change_disposition change_enduser change_ticket delete_contact delete_contactphone delete_disposition
    calls: delete_ticket
    ccai: add_apitoken change_apitoken delete_apitoken load_center view_apitoken view_auditentry
    menus: add_agentgroup add_branchlimit add_deflectionoption add_menu add_menuoutboundnumber change_agentgroup
    menus: change_branchlimit change_deflectionoption change_menu change_menuoutboundnumber delete_agentgroup
    menus: delete_branchlimit delete_deflectionoption delete_menuoutboundnumber view_branchlimit
'''
ROLES = {'agent': AGENT, 'viewer': VIEWER, 'supervisor': SUPERVISOR, 'admin': ADMIN}
APPS = ('auth', 'ccai', 'agents', 'menus', 'calls')


def names(listed):
    """Each permission that is listed: its application and its codename."""
    for line in listed.split('\n'):
        app, _, codenames = line.strip().partition(': ')
        for codename in codenames.split():
            yield app, codename


def make_permissions(apps, using):
    """The permissions of every model have their rows, which Django makes only after the last migration otherwise."""
    for label in APPS:
        config = apps.get_app_config(label)
        config.models_module = True  # that of a migration has none, and would be passed over
        create_permissions(config, verbosity=0, interactive=False, using=using, apps=apps)
        config.models_module = None


def make_groups(apps, schema_editor):
    """The four groups may do what they are listed with, and nothing else."""
    using = schema_editor.connection.alias
    make_permissions(apps, using)
    permission = apps.get_model('auth', 'Permission').objects.using(using)
    found = {
        (app, codename): pk
        for pk, app, codename in permission.filter(content_type__app_label__in=APPS).values_list(
            'pk', 'content_type__app_label', 'codename'
        )
    }
    for role, listed in ROLES.items():
        group, _ = apps.get_model('auth', 'Group').objects.using(using).get_or_create(name=role)
        group.permissions.set([found[name] for name in names(listed)])


def give_roles(apps, schema_editor):
    """Agents who have none of the roles are in the group "agent". A superuser needs no role."""
    using = schema_editor.connection.alias
    groups = apps.get_model('auth', 'Group').objects.using(using)
    user = apps.get_model('agents', 'User')
    ids = (
        user.objects.using(using)
        .filter(agent__isnull=False, is_superuser=False)
        .exclude(groups__in=groups.filter(name__in=ROLES))
        .values_list('pk', flat=True)
    )
    group_id = groups.get(name='agent').pk
    membership = user.groups.through
    membership.objects.using(using).bulk_create(
        [membership(user_id=pk, group_id=group_id) for pk in ids], batch_size=1_000
    )


def empty_groups(apps, schema_editor):
    """The groups stay, as center files make them, with their people and without their permissions."""
    for group in apps.get_model('auth', 'Group').objects.using(schema_editor.connection.alias).filter(name__in=ROLES):
        group.permissions.clear()


class Migration(migrations.Migration):

    dependencies = [
        ('agents', '0004_people_have_limits'),
        ('auth', '0012_alter_user_first_name_max_length'),
        ('calls', '0006_the_history_is_searched'),
        ('ccai', '0002_who_changed_what'),
        ('contenttypes', '0002_remove_content_type_name'),
        ('menus', '0003_closings_and_branches'),
    ]

    operations = [
        migrations.RunPython(make_groups, empty_groups),
        migrations.RunPython(give_roles, migrations.RunPython.noop),
    ]
