"""POST /calls/{id}/transfers: what a program may ask for, and what it is told where it may not."""

import pytest

from agents import availability
from agents.models import Agent
from calls.models import Hold, Offer, Transfer
from calls.services import transfer
from ccai.errors import Refused
from ccai.times import now
from menus.models import DeflectionOption
from tests.calls.talking import begin_talk
from tests.factories import make_agent, make_call, make_menu

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("center")]


@pytest.fixture
def ana():
    """Has the call."""
    return make_agent("ana@example.com", auto_answer=True)


@pytest.fixture
def ben():
    """Is to have it."""
    return make_agent("ben@example.com")


@pytest.fixture
def menu(ana):
    return make_menu(agents=[ana])


@pytest.fixture
def call(api, clock, menu):
    """Ana has talked for half a minute, after a wait of none."""
    call = begin_talk(api, clock, menu)
    clock.jump(30)
    return call


class TestRefusals:
    """The first sentence that applies, and nothing is written."""

    def ask(self, api, call, **body):
        return api.post(f"/calls/{call.pk}/transfers", body)

    def test_a_request_is_made_in_the_name_of_the_calls_agent(self, api, call, ana, ben):
        response = self.ask(api, call, to_agent_email=" BEN@example.com ")
        assert response.status_code == 201
        body = response.json()
        assert list(body) == [
            "id", "status", "fail_reason", "created_at", "from_menu", "to_menu", "from_agent", "to_agent",
        ]  # fmt: skip
        assert (body["status"], body["from_agent"]["id"], body["to_agent"]["id"]) == ("transferring", ana.pk, ben.pk)
        assert body == api.get(f"/calls/{call.pk}").json()["transfers"][0]

    def test_a_menu_is_asked_for_by_number_or_digits(self, api, call, ben):
        billing = make_menu("Billing", agents=[ben])
        body = self.ask(api, call, to_menu_id=str(billing.pk)).json()
        assert (body["status"], body["to_menu"]) == ("transferring", billing.path())

    def test_a_warm_one_is_asked_for_by_name(self, api, call, ben):
        assert self.ask(api, call, to_agent_email="ben@example.com", kind="warm").status_code == 201
        assert Transfer.objects.get().kind == "warm"

    @pytest.mark.parametrize(
        ("body", "status", "sentence"),
        [
            ({}, 400, "to_agent_email or to_menu_id required"),
            ({"to_agent_email": " ", "to_menu_id": None}, 400, "to_agent_email or to_menu_id required"),
            (
                {"to_agent_email": "nobody", "to_menu_id": 99_999, "kind": "hot"},
                400,
                "Give to_agent_email or to_menu_id, not both",
            ),
            ({"to_agent_email": "nobody", "kind": "hot"}, 400, "kind is not well formed"),
            ({"to_agent_email": "nobody", "kind": 1}, 400, "kind is not well formed"),
            ({"to_agent_email": "nobody@example.com"}, 400, "Not a valid agent email"),
            ({"to_agent_email": 7}, 400, "Not a valid agent email"),
            ({"to_menu_id": "first"}, 400, "to_menu_id is not well formed"),
            ({"to_menu_id": 99_999, "kind": "warm"}, 400, "menu_id 99999 is not found"),
            ({"to_menu_id": 10**30}, 400, f"menu_id {10**30} is not found"),
            ({"to_agent_email": "ana@example.com"}, 400, "Agent is not available to take this call"),
        ],
    )
    def test_what_is_asked_must_make_sense(self, api, call, ben, body, status, sentence):
        response = self.ask(api, call, **body)
        assert (response.status_code, response.json()) == (status, {"message": sentence})
        assert not Transfer.objects.exists()
        assert Hold.objects.count() == Offer.objects.filter(status="open").count() == 0

    def test_the_menu_must_be_a_leaf_and_open_and_the_transfer_cold(self, api, call):
        tree = make_menu("Tree")
        leaf = make_menu("Leaf", parent=tree)
        answers = [self.ask(api, call, to_menu_id=tree.pk, kind="warm").json()]
        leaf.hours = {"time_zone": "UTC", "weekly": {}}
        leaf.save()
        answers.append(self.ask(api, call, to_menu_id=leaf.pk, kind="warm").json())
        DeflectionOption.objects.create(menu=leaf, occasion="redirection", kind="message")
        answers.append(self.ask(api, call, to_menu_id=leaf.pk).json())
        leaf.hours = None
        leaf.save()
        leaf.deflection_options.all().delete()
        answers.append(self.ask(api, call, to_menu_id=leaf.pk, kind="warm").json())
        assert [answer["message"] for answer in answers] == [
            f"menu_id {tree.pk} is not a leaf menu",
            "Menu is in 'after hours' state, can't accept incoming calls",
            "Menu is in 'manual redirection' state, can't accept calls",
            "A warm transfer needs an agent",
        ]

    @pytest.mark.parametrize("why", ["break", "inactive", "engaged"])
    def test_the_other_agent_must_be_there_and_free(self, api, call, ben, why):
        if why == "engaged":
            availability.engage(ben, "call", now())
        elif why == "inactive":
            ben.user.is_active = False
            ben.user.save()
        else:
            Agent.objects.filter(pk=ben.pk).update(status=why)
        sentence = self.ask(api, call, to_agent_email="ben@example.com").json()["message"]
        not_there = "Not a valid agent email" if why == "inactive" else "Agent is not available to take this call"
        assert sentence == not_there

    def test_one_transfer_at_a_time(self, api, call, ben):
        make_agent("cem@example.com")
        assert self.ask(api, call, to_agent_email="ben@example.com").status_code == 201
        response = self.ask(api, call, to_agent_email="cem@example.com")
        assert (response.status_code, response.json()) == (409, {"message": "A transfer of this call is under way"})
        assert response.headers["X-Error-Code"] == "transfer_under_way"
        assert Offer.objects.filter(status="open").count() == 1

    @pytest.mark.parametrize("status", ["queued", "assigned", "finished", "scheduled"])
    def test_only_a_conversation_is_handed_on(self, api, ben, status):
        response = self.ask(api, make_call(status), to_agent_email="ben@example.com")
        assert (response.status_code, response.json()) == (409, {"message": "Call is not connected"})

    def test_a_call_nobody_knows_is_not_found(self, api):
        response = api.post("/calls/99999/transfers", {"to_agent_email": "ben@example.com"})
        assert (response.status_code, response.json()) == (404, {"message": "Call 99999 is not found"})

    def test_a_get_says_which_verbs_there_are(self, api, call):
        response = api.get(f"/calls/{call.pk}/transfers")
        assert (response.status_code, response.headers["Allow"]) == (405, "POST")

    def test_only_the_calls_own_agent_hands_it_on(self, call, ben):
        with pytest.raises(Refused, match="You are not on this call"):
            transfer(call, ben, to_agent=make_agent())
