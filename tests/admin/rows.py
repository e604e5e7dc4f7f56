"""Rows for the pages, and what a browser sends back of a page it was shown."""

from datetime import timedelta
from html.parser import HTMLParser

from django.contrib.auth.models import Group
from django.urls import reverse

from agents.models import Engagement, Language, OutboundNumber, StatusChange, Team
from calls.models import (
    Call,
    CallEvent,
    Contact,
    ContactPhone,
    DeflectionDetail,
    DialPrompt,
    Disposition,
    EndUser,
    Hold,
    Note,
    Offer,
    OfferEvent,
    Participant,
    Photo,
    Ticket,
    Transfer,
    Video,
    VoipOrder,
)
from ccai.models import (
    ApiToken,
    AuditEntry,
    WebhookAttempt,
    WebhookDelivery,
    WebhookEndpoint,
    WebhookEvent,
)
from ccai.times import now
from menus.admin.hours import HoursWidget
from menus.models import AgentGroup, Closing, DeflectionOption, MenuOutboundNumber
from tests.factories import make_agent, make_call, make_menu


def fill(number):
    """One more row of everything that has a page, and of everything that stands on another thing's page."""
    at = now()
    language, _ = Language.objects.get_or_create(code=f"{chr(97 + number % 26)}{chr(97 + number // 26)}")
    outbound = OutboundNumber.objects.create(number=f"+1339219{5000 + number}")
    team = Team.objects.create(name=f"Team {number}")
    agent = make_agent(f"filled{number}@example.com", team=team, agent_number=str(number))
    agent.languages.add(language)
    StatusChange.objects.create(agent=agent, status="available")
    root = make_menu(f"Root {number}")
    menu = make_menu(f"Leaf {number}", agents=[agent], parent=root, hours={"weekly": {"mon": ["09:00-17:00"]}})
    AgentGroup.objects.create(menu=menu, name="Group 2", position=1).agents.add(agent)
    DeflectionOption.objects.create(menu=menu, occasion="redirection", kind="queue", to_menu=root)
    DeflectionOption.objects.create(menu=menu, occasion="after_hours", kind="phone", to_number="+12025550123")
    MenuOutboundNumber.objects.create(menu=menu, outbound_number=outbound)
    Closing.objects.create(menu=root, whole_branch=True)
    contact = Contact.objects.create(out_contact_id=f"contact-{number}", name="Kim")
    ContactPhone.objects.create(contact=contact, number="+12025550123")
    Ticket.objects.create(ticket_id=f"ticket-{number}", contact=contact)
    end_user = EndUser.objects.create(number="+12025550123", name="Kim", out_contact_id=f"contact-{number}")
    call = make_call("connected", agent=agent, menu=menu, end_user=end_user, out_ticket_id=f"ticket-{number}")
    for old, new in (("", "queued"), ("queued", "assigned"), ("assigned", "connecting"), ("connecting", "connected")):
        CallEvent.objects.create(call=call, old=old, new=new, cause="tests")
    offered = Engagement.objects.create(agent=agent, kind="offer", ended_at=at)
    Offer.objects.create(
        call=call, agent=agent, engagement=offered, group="Group 1", round=1, level=1, status="accepted", settled_at=at
    )
    OfferEvent.objects.create(call=call, group="Group 1")
    prompted = Engagement.objects.create(agent=agent, kind="dial_prompt", ended_at=at)
    DialPrompt.objects.create(agent=agent, engagement=prompted, lang="en", expires_at=at + timedelta(minutes=5))
    talking = Engagement.objects.create(agent=agent, kind="call")
    Participant.objects.create(call=call, type="agent", agent=agent, status="connected", engagement=talking)
    Participant.objects.create(call=call, type="end_user", end_user=end_user, status="connected")
    Transfer.objects.create(call=call, from_menu=root.path(), to_menu=menu.path())
    DeflectionDetail.objects.create(call=call, deflection="after_hours_voicemail", from_menu_path=menu.path())
    Photo.objects.create(call=call, file="photos/one.jpg")
    Video.objects.create(call=call, file="videos/one.mp4")
    Hold.objects.create(call=call, agent=agent, ended_at=at)
    Note.objects.create(call=call, agent=agent, text="Wants a refund.")
    VoipOrder.objects.create(call=call, provider="sandbox", kind="hold", error="no answer")
    disposition = Disposition.objects.create(name=f"Outcome {number}")
    parameters = {"intent": "refund", "amount": 12.5}
    Call.objects.filter(pk=call.pk).update(
        disposition=disposition, feedback="Fine.", data_parameters=parameters,
        recording="recordings/one.wav", voicemail="voicemail/one.wav",
    )  # fmt: skip
    token = ApiToken(name=f"token {number}")
    token.make_token()
    token.save()
    Group.objects.create(name=f"Group {number}")
    endpoint = WebhookEndpoint.objects.create(url=f"https://hooks.example.com/{number}", events=["call.*"])
    told = WebhookEvent.objects.create(
        uid=f"msg_{number}", type="call.failed", subject=f"call:{call.pk}", body='{"data": {"end_user": "Kim"}}'
    )
    delivery = WebhookDelivery.objects.create(event=told, endpoint=endpoint, subject=told.subject, attempts=1)
    WebhookAttempt.objects.create(delivery=delivery, code=500, milliseconds=20, answer="Sorry.")
    AuditEntry.objects.create(
        who="kim@example.com", address="192.0.2.7", door="/admin/", action="changed", model="menus.menu",
        object_id=str(menu.pk), object_name=menu.name, changes={"name": ["Sales", menu.name], "hours": [None, {}]},
    )  # fmt: skip


def admin_url(model, page, *args):
    """The address of a page of `model`: changelist, add, change or delete."""
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


class Inputs(HTMLParser):
    """Collects what a browser would send of the inputs in a piece of HTML."""

    def __init__(self):
        super().__init__()
        self.values = {}

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        if tag == "input" and "name" in found and (found["type"] != "checkbox" or "checked" in found):
            self.values.setdefault(found["name"], []).append(found["value"])


def inputs_in(html):
    """What a browser would send of the inputs in `html`: lists, as a name may come several times."""
    inputs = Inputs()
    inputs.feed(html)
    return inputs.values


def shown_values(form):
    """What a browser sends for `form` as the page shows it."""
    values = {}
    for bound in form:
        value = bound.value()
        if isinstance(bound.field.widget, HoursWidget):
            values |= inputs_in(str(bound))
            continue
        if value is None or value is False:
            continue
        values[bound.html_name] = value if isinstance(value, list | tuple) else str(value)
        if bound.field.show_hidden_initial:
            values[bound.html_initial_name] = str(value)
    return values


def sent_back(response, **changes):
    """What a browser sends when the page in `response` is saved with `changes`; None unticks or empties a field."""
    values = shown_values(response.context["adminform"].form)
    for inline in response.context["inline_admin_formsets"]:
        values |= shown_values(inline.formset.management_form)
        for form in inline.formset.forms:
            values |= shown_values(form)
    values |= {"_shown": response.context["shown"]}
    values |= changes
    return {name: value for name, value in values.items() if value is not None}
