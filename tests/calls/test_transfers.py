"""Transfers: cold and warm to an agent, and to a menu; who has the call at each moment, and what is left of it."""

from datetime import timedelta

import pytest

from agents.models import Agent
from calls.models import Call, Hold, Offer, Transfer
from calls.services import (
    accept_offer,
    cancel_transfer,
    complete_transfer,
    decline_offer,
    hang_up,
    hold,
    resume,
    transfer,
)
from ccai.errors import Refused
from ccai.times import now
from menus.models import Menu
from tests.calls.talking import begin_outbound_talk, begin_talk, engaged, line, offer_to, report, stays, trail
from tests.factories import make_agent, make_menu

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


def now_of(call):
    return Call.objects.get(pk=call.pk)


class TestColdToAnAgent:
    def test_the_first_keeps_the_call_until_the_other_accepts(self, call, ana, ben, clock):
        made = transfer(call, ana, to_agent=ben)
        assert (made.status, made.kind, made.ended_at) == ("transferring", "cold", None)
        assert now_of(call).agent == ana
        offer = offer_to(ben)
        assert (offer.transfer, offer.alone) == (made, True)
        assert offer.expires_at - offer.offered_at == timedelta(seconds=30)
        assert engaged() == {ana.pk, ben.pk}
        clock.pass_by(10)
        assert trail(call)[-1] == "connected"

    def test_then_the_other_has_it_and_the_end_user_never_left_the_line(self, call, ana, ben, clock, api):
        made = transfer(call, ana, to_agent=ben)
        clock.pass_by(5)
        accept_offer(offer_to(ben))
        assert (now_of(call).status, now_of(call).agent) == ("assigned", ben)
        assert engaged() == {ben.pk}
        made.refresh_from_db()
        assert (made.status, made.fail_reason) == ("transferred", "nothing")
        clock.tick()
        assert now_of(call).status == "connected"
        clock.pass_by(25)
        hang_up(call, ben)
        assert trail(call)[-5:] == ["connected", "assigned", "connecting", "connected", "finished"]
        body = api.get(f"/calls/{call.pk}").json()
        assert (body["call_duration"], body["wait_duration"]) == (60, 0)
        assert [(one["type"], one["user_id"], one["call_duration"]) for one in body["participants"]] == [
            ("end_user", None, 60), ("agent", ana.pk, 36), ("agent", ben.pk, 25),
        ]  # fmt: skip
        assert body["agent_info"]["id"] == ben.pk
        assert body["connected_at"] == api.get("/calls").json()[0]["connected_at"]

    def test_the_object_shows_who_handed_on_to_whom(self, call, ana, ben, api):
        made = transfer(call, ana, to_agent=ben)
        assert api.get(f"/calls/{call.pk}").json()["transfers"] == [
            {
                "id": made.pk,
                "status": "transferring",
                "fail_reason": "nothing",
                "created_at": api.get(f"/calls/{call.pk}").json()["transfers"][0]["created_at"],
                "from_menu": call.menu_path,
                "to_menu": None,
                "from_agent": call.agent_info,
                "to_agent": {
                    "id": ben.pk, "agent_number": None, "name": ben.user.get_full_name(),
                    "last_name": ben.user.last_name, "first_name": ben.user.first_name, "avatar_url": None,
                },
            }
        ]  # fmt: skip

    def test_one_who_answers_automatically_has_it_at_once(self, call, ana, clock):
        dan = make_agent("dan@example.com", auto_answer=True)
        assert transfer(call, ana, to_agent=dan).status == "transferred"
        clock.tick()
        assert (now_of(call).status, now_of(call).agent, now_of(call).answer_type) == ("connected", dan, "auto")

    @pytest.mark.parametrize("how", ["declined", "expired", "cancelled"])
    def test_where_nothing_comes_of_it_the_first_still_has_the_call(self, call, ana, ben, clock, how):
        made = transfer(call, ana, to_agent=ben)
        if how == "declined":
            decline_offer(offer_to(ben))
        elif how == "expired":
            clock.pass_by(30)
        else:
            cancel_transfer(call, ana)
        made.refresh_from_db()
        assert (made.status, made.fail_reason) == ("failed", "transfer_expired" if how == "expired" else "ag_canceled")
        assert made.ended_at is not None
        assert (now_of(call).status, now_of(call).agent) == ("connected", ana)
        assert engaged() == {ana.pk}
        assert Offer.objects.get(transfer=made).status == {"cancelled": "withdrawn"}.get(how, how)

    def test_an_offer_that_has_expired_cannot_be_accepted(self, call, ana, ben, clock):
        transfer(call, ana, to_agent=ben)
        offer = offer_to(ben)
        clock.jump(30)
        with pytest.raises(Refused, match="This offer is gone"):
            accept_offer(offer)
        assert now_of(call).agent == ana

    def test_an_offer_of_a_call_that_ended_meanwhile_is_gone(self, call, ana, ben):
        made = transfer(call, ana, to_agent=ben)
        offer = offer_to(ben)
        hang_up(call, ana)
        with pytest.raises(Refused, match="This offer is gone"):
            accept_offer(offer)
        made.refresh_from_db()
        assert (made.status, made.fail_reason) == ("failed", "ag_canceled")
        assert engaged() == set()

    def test_the_end_user_hangs_up_meanwhile(self, call, ana, ben):
        made = transfer(call, ana, to_agent=ben)
        assert report(call, "ended", ended_by="end_user")
        made.refresh_from_db()
        assert (now_of(call).status, made.status, made.fail_reason) == ("finished", "failed", "eu_abandoned")
        assert engaged() == set()

    def test_an_end_user_who_is_on_hold_is_so_no_more_when_the_other_has_it(self, call, ana, ben, clock):
        hold(call, ana)
        transfer(call, ana, to_agent=ben)
        clock.pass_by(8)
        accept_offer(offer_to(ben))
        assert now_of(call).hold_duration == 8
        assert not Hold.objects.filter(ended_at=None).exists()
        clock.tick()
        assert not line(call).held
        assert stays(call, agent=ana)[0].hold_duration == 8

    def test_an_outbound_call_is_handed_on_too(self, api, clock, ben):
        eva = make_agent("eva@example.com")
        call = begin_outbound_talk(api, clock, eva)
        transfer(call, eva, to_agent=ben)
        accept_offer(offer_to(ben))
        clock.tick()
        assert (now_of(call).status, now_of(call).agent) == ("connected", ben)

    def test_where_the_others_line_does_not_answer_the_call_waits_in_its_queue(self, call, ana, ben, clock):
        Agent.objects.filter(pk=ana.pk).update(status="break")
        transfer(call, ana, to_agent=ben)
        accept_offer(offer_to(ben))
        Call.objects.filter(pk=call.pk).update(status="connecting")
        assert report(call, "agent_left", leg=stays(call, agent=ben)[0].pk, fail_reason="ag_ignored")
        assert (now_of(call).status, now_of(call).agent) == ("queued", None)
        assert Agent.objects.get(pk=ben.pk).status == "unresponsive"
        assert [stay.status for stay in stays(call, type="end_user")] == ["connected"]
        assert now_of(call).deadline_at > call.connected_at + timedelta(seconds=1_800)


class TestWarmToAnAgent:
    @pytest.fixture
    def consulting(self, call, ana, ben, clock):
        """Ben has joined; the end user has been on hold for five seconds."""
        made = transfer(call, ana, to_agent=ben, kind="warm")
        clock.pass_by(5)
        accept_offer(offer_to(ben))
        clock.tick()
        return made

    def test_the_end_user_is_on_hold_while_the_two_talk(self, call, ana, ben, consulting):
        assert Hold.objects.get().ended_at is None
        assert line(call).held
        assert (now_of(call).status, now_of(call).agent) == ("connected", ana)
        assert [(stay.agent, stay.status) for stay in stays(call, type="agent")] == [
            (ana, "connected"), (ben, "connected"),
        ]  # fmt: skip
        assert engaged() == {ana.pk, ben.pk}

    def test_when_it_is_done_the_first_leaves_and_the_end_user_is_with_the_other(
        self, call, ana, ben, consulting, clock, api
    ):
        clock.pass_by(10)
        made = complete_transfer(call, ana)
        assert (made.status, made.fail_reason) == ("transferred", "nothing")
        assert (now_of(call).agent, now_of(call).hold_duration) == (ben, 15)
        assert engaged() == {ben.pk}
        clock.pass_by(15)
        assert not line(call).held
        hang_up(call, ben)
        body = api.get(f"/calls/{call.pk}").json()
        assert trail(call)[-2:] == ["connected", "finished"]
        assert (body["call_duration"], body["hold_duration"]) == (60, 15)
        assert [(one["call_duration"], one["hold_duration"]) for one in body["participants"]] == [
            (60, 15), (46, 15), (25, 10),
        ]  # fmt: skip
        assert body["agent_info"]["id"] == ben.pk

    def test_when_it_is_called_off_the_other_leaves(self, call, ana, ben, consulting, clock):
        made = cancel_transfer(call, ana)
        assert (made.status, made.fail_reason) == ("failed", "ag_canceled")
        assert (now_of(call).agent, engaged()) == (ana, {ana.pk})
        clock.tick()
        assert not line(call).held
        assert [stay.status for stay in stays(call, type="agent")] == ["connected", "finished"]

    def test_the_first_who_hangs_up_hands_over(self, call, ana, ben, consulting):
        hang_up(call, ana)
        consulting.refresh_from_db()
        assert (now_of(call).status, now_of(call).agent, consulting.status) == ("connected", ben, "transferred")

    def test_the_first_whose_line_drops_hands_over(self, call, ana, ben, consulting):
        assert report(call, "agent_left", leg=stays(call, agent=ana)[0].pk)
        assert (now_of(call).status, now_of(call).agent) == ("connected", ben)

    def test_the_other_who_hangs_up_leaves_the_call_with_the_first(self, call, ana, ben, consulting):
        hang_up(call, ben)
        consulting.refresh_from_db()
        assert (consulting.status, consulting.fail_reason) == ("failed", "ag_canceled")
        assert (now_of(call).status, now_of(call).agent) == ("connected", ana)
        assert not Hold.objects.filter(ended_at=None).exists()

    def test_the_other_whose_line_is_not_answered_leaves_the_call_with_the_first(self, call, ana, ben):
        made = transfer(call, ana, to_agent=ben, kind="warm")
        accept_offer(offer_to(ben))
        assert report(call, "agent_left", leg=stays(call, agent=ben)[0].pk, fail_reason="ag_ignored")
        made.refresh_from_db()
        assert (made.status, made.fail_reason) == ("failed", "ag_ignored")
        assert Agent.objects.get(pk=ben.pk).status == "unresponsive"
        assert (now_of(call).agent, engaged()) == (ana, {ana.pk})

    def test_the_other_whose_line_never_answers_does_not_keep_anybody(self, call, ana, ben, clock, settings):
        made = transfer(call, ana, to_agent=ben, kind="warm")
        accept_offer(offer_to(ben))
        call.voip_orders.filter(kind="add_agent").delete()  # as if a worker had died over it
        clock.pass_by(settings.CCAI_CONNECT_DEADLINE)
        made.refresh_from_db()
        assert (made.status, made.fail_reason) == ("failed", "ag_ignored")
        assert (now_of(call).status, now_of(call).agent, engaged()) == ("connected", ana, {ana.pk})

    def test_the_end_user_who_hangs_up_frees_both(self, call, consulting, clock):
        assert report(call, "ended", ended_by="end_user")
        consulting.refresh_from_db()
        assert (now_of(call).status, consulting.status) == ("finished", "failed")
        assert engaged() == set()
        assert {stay.status for stay in stays(call)} == {"finished"}

    def test_the_first_may_bring_the_end_user_in_meanwhile(self, call, ana, ben, consulting, clock):
        resume(call, ana)
        clock.pass_by(5)
        complete_transfer(call, ana)
        assert now_of(call).hold_duration == 5

    def test_nobody_is_handed_over_to_who_is_not_there_yet(self, call, ana, ben):
        transfer(call, ana, to_agent=ben, kind="warm")
        with pytest.raises(Refused, match="The other agent is not on the line yet") as refused:
            complete_transfer(call, ana)
        assert refused.value.status == 409

    def test_an_offer_nobody_answers_gives_the_end_user_back(self, call, ana, ben, clock):
        made = transfer(call, ana, to_agent=ben, kind="warm")
        clock.pass_by(30)
        made.refresh_from_db()
        assert (made.status, made.fail_reason) == ("failed", "transfer_expired")
        assert not line(call).held
        assert now_of(call).hold_duration == 30

    def test_the_other_does_not_hold_or_hand_on_what_is_not_theirs(self, call, ben, consulting):
        for verb in (hold, resume, complete_transfer, cancel_transfer):
            with pytest.raises(Refused, match="This is the call of another agent"):
                verb(call, ben)

    def test_there_must_be_a_transfer_to_complete_or_to_call_off(self, call, ana):
        for verb in (complete_transfer, cancel_transfer):
            with pytest.raises(Refused, match="No transfer of this call is under way") as refused:
                verb(call, ana)
            assert refused.value.status == 409


class TestToAMenu:
    @pytest.fixture
    def billing(self, ben):
        return make_menu("Billing", agents=[ben], output_msg="Billing will be with you.")

    def test_the_first_leaves_at_once_and_the_end_user_waits_on_the_line(self, call, ana, ben, billing, clock, menu):
        made = transfer(call, ana, to_menu=billing)
        stored = now_of(call)
        assert (made.status, made.to_menu, made.to_agent) == ("transferring", billing.path(), None)
        assert (stored.status, stored.queue, stored.menu, stored.agent) == ("queued", billing, menu, None)
        assert engaged() == set()
        assert [stay.status for stay in stays(call, type="end_user")] == ["connected"]
        clock.tick()
        assert line(call).heard == ["Billing will be with you."]

    def test_an_agent_of_the_menu_takes_it(self, call, ana, ben, billing, clock, api):
        made = transfer(call, ana, to_menu=billing)
        clock.pass_by(20)
        accept_offer(offer_to(ben))
        clock.tick()
        made.refresh_from_db()
        assert (made.status, now_of(call).agent) == ("transferred", ben)
        clock.pass_by(10)
        hang_up(call, ben)
        body = api.get(f"/calls/{call.pk}").json()
        assert trail(call)[-5:] == ["queued", "assigned", "connecting", "connected", "finished"]
        assert (body["call_duration"], body["wait_duration"]) == (60, 20)
        assert [one["call_duration"] for one in body["participants"]] == [60, 31, 10]
        assert [event["group"] for event in body["offer_events"]] == ["Group 1", "Group 1"]

    def test_a_call_takes_its_earlier_wait_along(self, call, ana, billing, clock):
        Call.objects.filter(pk=call.pk).update(wait_duration=100)
        transfer(call, ana, to_menu=billing)
        stored = now_of(call)
        assert stored.waits_since == stored.updated_at - timedelta(seconds=100)

    def test_nobody_takes_it_in_time(self, call, ana, ben, billing, clock):
        Agent.objects.filter(pk=ben.pk).update(status="break")
        made = transfer(call, ana, to_menu=billing)
        clock.jump(1_799)
        clock.tick()
        assert now_of(call).status == "queued"
        clock.pass_by(1)
        made.refresh_from_db()
        assert (now_of(call).status, now_of(call).fail_reason) == ("failed", "transfer_expired")
        assert (made.status, made.fail_reason) == ("failed", "transfer_expired")
        assert line(call).step == "over"

    def test_the_end_user_gives_up(self, call, ana, billing, clock):
        made = transfer(call, ana, to_menu=billing)
        assert report(call, "ended", ended_by="end_user")
        clock.tick()
        made.refresh_from_db()
        assert (now_of(call).status, now_of(call).fail_reason) == ("failed", "eu_abandoned")
        assert (made.status, made.fail_reason) == ("failed", "eu_abandoned")

    def test_a_hold_ends_when_the_agent_leaves(self, call, ana, billing, clock):
        hold(call, ana)
        clock.pass_by(4)
        transfer(call, ana, to_menu=billing)
        clock.tick()
        assert (now_of(call).hold_duration, line(call).held) == (4, False)

    def test_to_a_menu_that_is_deleted_or_divided_meanwhile_nobody_is_handed_on(self, call, ana, billing):
        Menu.objects.filter(pk=billing.pk).update(deleted=True)
        with pytest.raises(Refused, match=f"menu_id {billing.pk} is not found"):
            transfer(call, ana, to_menu=billing)
        Menu.objects.filter(pk=billing.pk).update(deleted=False)
        below = make_menu("Invoices", parent=billing)
        with pytest.raises(Refused, match=f"menu_id {billing.pk} is not a leaf menu"):
            transfer(call, ana, to_menu=billing)
        assert (now_of(call).status, Transfer.objects.count()) == ("connected", 0)
        Menu.objects.filter(pk=below.pk).update(deleted=True)
        assert transfer(call, ana, to_menu=billing).status == "transferring"

    def test_a_call_is_handed_on_again_and_again(self, call, ana, ben, billing, clock, menu):
        ana.auto_answer = False
        ana.save()
        transfer(call, ana, to_menu=billing)
        clock.tick()
        accept_offer(offer_to(ben))
        clock.tick()
        made = transfer(call, ben, to_agent=ana)
        assert made.from_menu == billing.path()
        accept_offer(offer_to(ana))
        clock.tick()
        assert (now_of(call).status, now_of(call).agent) == ("connected", ana)
        assert list(Transfer.objects.values_list("status", flat=True)) == ["transferred", "transferred"]
        hang_up(call, ana)
        assert [stay.call_duration for stay in stays(call, type="end_user")] == [30]


class TestPolling:
    """`updated_at` moves with what the wire shows of a transfer."""

    @pytest.fixture
    def moved(self, call, clock):
        """Does something ten seconds later; whether `updated_at` is that moment."""

        def moved(what, *arguments, **named):
            clock.jump(10)
            what(*arguments, **named)
            return now_of(call).updated_at == now()

        return moved

    def test_each_step_of_a_warm_one(self, call, ana, ben, moved):
        assert moved(transfer, call, ana, to_agent=ben, kind="warm")
        assert moved(lambda: accept_offer(offer_to(ben)))
        third = stays(call, type="agent")[-1]
        assert moved(lambda: report(call, "agent_answered", leg=third.pk))
        assert moved(lambda: report(call, "agent_left", leg=third.pk))

    def test_each_step_of_a_cold_one(self, call, ana, ben, moved):
        assert moved(transfer, call, ana, to_agent=ben)
        assert moved(lambda: accept_offer(offer_to(ben)))
