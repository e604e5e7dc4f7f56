"""Who calls: end users whom the CRM could not name are named when it answers."""

import pytest

from calls import dispatch
from calls.models import Call, Contact, EndUser
from ccai.times import now
from tests import fakes
from tests.calls.posting import post_inbound
from tests.factories import make_agent, make_menu

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("center")]


class TestContacts:
    def test_whom_the_crm_could_not_name_is_named_when_it_answers(self, api, clock, menu, settings):
        Contact.objects.create(out_contact_id="c-1", name="Ann").phones.create(number="+12025550123")
        settings.CCAI_CRM_ADAPTERS = {"builtin": "tests.fakes.DownCrm"}
        body = post_inbound(api, menu)
        assert body["end_user"]["out_contact_id"] is None
        clock.tick()
        settings.CCAI_CRM_ADAPTERS = {"builtin": "calls.crm.builtin.BuiltinCrm"}
        clock.pass_by(59)
        assert api.get(f"/calls/{body['id']}").json()["end_user"]["out_contact_id"] is None
        clock.pass_by(1)
        assert api.get(f"/calls/{body['id']}").json()["end_user"] == {
            "id": body["end_user"]["id"], "identifier": None, "out_contact_id": "c-1",
        }  # fmt: skip

    def test_two_rows_that_turn_out_one_person_become_one(self, api, clock, menu, settings):
        known = EndUser.objects.create(out_contact_id="c-1", number="+12025550111")
        Contact.objects.create(out_contact_id="c-1", name="Ann").phones.create(number="+12025550123")
        settings.CCAI_CRM_ADAPTERS = {"builtin": "tests.fakes.DownCrm"}
        body = post_inbound(api, menu)
        settings.CCAI_CRM_ADAPTERS = {"builtin": "calls.crm.builtin.BuiltinCrm"}
        clock.tick()
        body = api.get(f"/calls/{body['id']}").json()
        assert body["end_user"]["id"] == known.pk
        assert body["participants"][0]["end_user_id"] == known.pk
        assert EndUser.objects.count() == 1

    @pytest.mark.parametrize("is_known", [True, False])
    def test_who_polls_for_changes_sees_that_an_end_user_was_named(self, api, clock, settings, is_known):
        if is_known:
            EndUser.objects.create(out_contact_id="c-1", number="+12025550111")
        Contact.objects.create(out_contact_id="c-1", name="Ann").phones.create(number="+12025550123")
        settings.CCAI_CRM_ADAPTERS = {"builtin": "tests.fakes.DownCrm"}
        post_inbound(api, make_menu(agents=[make_agent(status="break")]))
        clock.tick()
        settings.CCAI_CRM_ADAPTERS = {"builtin": "calls.crm.builtin.BuiltinCrm"}
        clock.jump(60)
        dispatch.fill_in_contacts(now())
        assert Call.objects.get().end_user.out_contact_id == "c-1"
        assert Call.objects.get().updated_at == now()

    def test_a_number_nobody_has_is_asked_about_once(self, api, clock, menu, settings):
        settings.CCAI_CRM_ADAPTERS = {"builtin": "tests.fakes.CountingCrm"}
        EndUser.objects.create(number="+12025550123", ask_crm_at=now())
        fakes.CountingCrm.questions = 0
        clock.pass_by(3)
        assert fakes.CountingCrm.questions == 1
