"""Callers on the phone, played by the sandbox."""

from django.db import transaction

from calls.models import Call, CallEvent, SandboxCall
from calls.services.phone import answer_phone
from calls.voip.sandbox import SandboxProvider
from menus.models import DeflectionOption, Menu
from tests.factories import make_menu

NUMBER = "+12025550123"


def ring(menu, keys="", *, number=NUMBER, patience=None, **more):
    """A caller's line comes in at the first sandbox. Returns the call's id."""
    with transaction.atomic():
        menu = Menu.objects.get(pk=menu.pk)
        call = answer_phone(number=number, menu=menu, provider="sandbox", **more)
        SandboxProvider("sandbox").ring(call.pk, from_number=number, keys=keys, patience=patience)
    return call.pk


def heard(call_id):
    """What the end user of the call has been told, in order."""
    return SandboxCall.objects.get(call_ref=call_id).heard


def line_is_up(call_id):
    """Whether the sandbox still has the end user's line."""
    return not SandboxCall.objects.filter(call_ref=call_id, step="over").exists()


def trail(call_id):
    """The statuses a call has had, in order."""
    return list(CallEvent.objects.filter(call=call_id).order_by("pk").values_list("new", flat=True))


def details(call_id):
    """Each deflection of the call, with the name of the way from where."""
    rows = Call.objects.get(pk=call_id).deflection_details.all()
    return [(row.deflection, row.from_menu_path["name"]) for row in rows]


def make_ivr(name="Sales", *, output_msg="", agents=None, **columns):
    """An IVR menu; its message says its name unless another is given."""
    return make_menu(name, menu_type="ivr_menu", output_msg=output_msg or f"This is {name}.", agents=agents, **columns)


def close(menu):
    """From now on `menu` is never open."""
    Menu.objects.filter(pk=menu.pk).update(hours={"time_zone": "UTC", "weekly": {}})


def deflect(menu, occasion, kind, **columns):
    """`menu` does so on this occasion."""
    return DeflectionOption.objects.create(menu=menu, occasion=occasion, kind=kind, **columns)
