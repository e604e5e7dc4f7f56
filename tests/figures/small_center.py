"""A day of a small center, whose figures were worked out by hand.

The day is 1 November 2026 in New York, which has 25 hours: the clock shows 01:00 to 02:00 twice, from 05:00 to 06:00
UTC (-04:00) and from 06:00 to 07:00 UTC (-05:00). Times below are UTC.

    call  made      came by     what happened                                            offered?  outcome
    A     05:30:00  IVR         answered by Ann after 15 s; 5 min, 30 s of them on hold  answered  talked
    B     06:30:00  IVR         answered by Ann after 40 s; after 5 min to Bob, 4 min    answered  talked
    C     15:00:00  IVR         given up after 10 s                                      abandoned given up
    D     15:20:00  mobile      given up after 50 s                                      abandoned given up
    E     15:40:00  API         expired after 5 min (in the other branch)                unanswered failed
    F     16:00:00  IVR         queued, then a message left (over capacity)              turned away voicemail
    G     17:00:00  IVR         after hours: a message is played                         no        deflected
    H     17:05:00  IVR         given up in the menu                                     no        given up
    I     18:00:00  desk        Bob dials; his line is on after 2 s, both after 20 s; 2 min  no    talked
    J     18:10:00  desk        Bob dials, nobody answers                                no        failed
    K     04:30:00  API         scheduled for 19:00, Bob reaches them at 19:05, 2 min    no        talked
    L     the day before, API   scheduled for 20:00, expires                             no        (not of the day)
    M     05:00:00  API         scheduled for 21:00, cancelled                           no        cancelled
    N     21:30:00  web         called back by Ann after 20 s, 1 min                     answered  talked
    O     22:00:00  IVR         called back (over capacity) by Ann after 20 min, 1 min   turned away talked
    P     23:00:00  IVR         waits still                                              waiting   under way
    Q     23:10:00  API         Ann takes it, the end user does not answer               not reached failed
    R     23:20:00  mobile      carried by the customer's own telephony                  no        talked
    a     the day before, 05:30 IVR, answered by Ann after 10 s, 1 min

    calls 17 = talked 7 (A B I K N O R) + given up 3 (C D H) + voicemail 1 (F) + deflected 1 (G) + failed 3 (E J Q)
               + cancelled 1 (M) + under way 1 (P)
    offered 10 (A B C D E F N O P Q), answered 3 (A B N) after 15, 40, 20 s: 25 s on average; within 20 s: 2 (A N)
    abandoned 2 (C D) after 10, 50 s: 30 s on average; after more than 20 s: 1 (D); unanswered 1 (E)
    service level 2 / (3 + 1 + 1) = 0.4; abandon rate 2 / 10
    deflections 3 (F G O); promised 4 (K L N O), kept 2 (K N: within 15 min); transfers 1; ratings 5 and 2; messages 1

    conversations        Ann: A 270 + hold 30, B 300, N 60, O 60;  Bob: B 240, I 120, K 120
                         7; talk 1,170 s, hold 30 s
    wrap-up              Ann: 60 s after A, 30 s after B
    handle time          (1,170 + 30 + 90) / 7 = 1,290 / 7
    available (Ann)      05:00:00–05:30:05 1,805; 05:36:15–06:30:30 3,255; 06:36:10–07:00:00 1,430;
                         21:00:00–21:30:10 1,810; 21:31:20–22:19:50 2,910; 22:21:00–22:30:00 540: 11,750 s
                         (Bob has said nothing: offline)
    occupancy            1,290 / (1,290 + 11,750)
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from agents.models import Agent, Engagement, StatusChange, Team
from calls.models import Call, DeflectionDetail, Hold, Participant, Transfer
from menus.models import Menu
from tests.factories import make_agent, make_call, make_menu

DAY = "2026-11-01"
ZONE = "America/New_York"
IVR, MOBILE, API = "Voice Inbound (IVR)", "Voice Inbound (Mobile)", "Voice Inbound (API)"
SCHEDULED, CALLBACK, OUTBOUND = "Voice Scheduled (API)", "Voice Callback (Web)", "Voice Outbound"


def at(clock, day=DAY):
    """That time of the day, in UTC; None stays None."""
    return clock and datetime.fromisoformat(f"{day}T{clock}+00:00").astimezone(UTC)


@dataclass
class SmallCenter:
    """The people and the menus of the day."""

    ann: Agent
    bob: Agent
    team: Team
    sales: Menu
    leaf: Menu
    other: Menu


def call_at(clock, call_type, status, *, queued=True, connected=None, ended=None, day=DAY, **columns):
    """A call made at that time; queued at once where it was `queued`."""
    made = at(clock, day)
    return make_call(
        status, call_type=call_type, queued_at=made if queued else None, created_at=made, updated_at=made,
        connected_at=at(connected, day), ends_at=at(ended, day), **columns,
    )  # fmt: skip


def converse(call, agent, taken, connected, ended, *, day=DAY):
    """The agent's part in the call."""
    engagement = Engagement.objects.create(agent=agent, kind="call", started_at=at(taken, day), ended_at=at(ended, day))
    held = Hold.objects.filter(call=call, agent=agent).first()
    Participant.objects.create(
        call=call, type="agent", agent=agent, status="finished", engagement=engagement,
        connected_at=at(connected, day), ended_at=at(ended, day),
        hold_duration=(held.ended_at - held.started_at).seconds if held else 0,
    )  # fmt: skip


def make_small_center():
    """The day, in the tables."""
    team = Team.objects.create(name="First line")
    ann, bob = (
        make_agent("ann@example.com", status="offline", team=team),
        make_agent("bob@example.com", status="offline"),
    )
    sales = make_menu("Sales", menu_type="ivr_menu")
    leaf = make_menu("Orders", menu_type="ivr_menu", parent=sales, agents=[ann, bob])
    other = make_menu("Support", menu_type="mobile_menu")
    for clock, status in (
        ("05:00:00", "available"), ("05:35:15", "wrap_up"), ("05:36:15", "available"), ("06:35:40", "wrap_up"),
        ("06:36:10", "available"), ("07:00:00", "offline"), ("21:00:00", "available"), ("22:30:00", "offline"),
    ):  # fmt: skip
        StatusChange.objects.create(agent=ann, status=status, at=at(clock))
    in_leaf = {"menu": leaf}
    _make_answered(ann, bob, in_leaf)
    _make_unanswered(other, in_leaf)
    _make_promised(ann, bob, in_leaf)
    before = call_at(
        "05:30:00", IVR, "finished", connected="05:30:10", ended="05:31:10", day="2026-10-31", agent=ann, **in_leaf
    )
    converse(before, ann, "05:30:05", "05:30:10", "05:31:10", day="2026-10-31")
    return SmallCenter(ann, bob, team, sales, leaf, other)


def _make_answered(ann, bob, in_leaf):
    first = call_at("05:30:00", IVR, "finished", connected="05:30:15", ended="05:35:15", agent=ann, rating=5, **in_leaf)
    Hold.objects.create(call=first, agent=ann, started_at=at("05:32:00"), ended_at=at("05:32:30"))
    converse(first, ann, "05:30:05", "05:30:15", "05:35:15")
    second = call_at(
        "06:30:00", IVR, "finished", connected="06:30:40", ended="06:40:00", agent=bob, rating=2, **in_leaf
    )
    converse(second, ann, "06:30:30", "06:30:40", "06:35:40")
    converse(second, bob, "06:35:50", "06:36:00", "06:40:00")
    Transfer.objects.create(call=second, status="transferred", created_at=at("06:35:40"))
    dialled = call_at(
        "18:00:00", OUTBOUND, "finished", queued=False, connected="18:00:20", ended="18:02:20", agent=bob, **in_leaf
    )
    converse(dialled, bob, "18:00:00", "18:00:02", "18:02:20")
    nobody = call_at(
        "18:10:00", OUTBOUND, "failed", queued=False, ended="18:10:30", agent=bob, fail_reason="eu_no_answer", **in_leaf
    )
    converse(nobody, bob, "18:10:00", "18:10:02", "18:10:30")
    call_at("23:20:00", MOBILE, "action_only_finished", queued=False, ended="23:21:00", **in_leaf)


def _make_unanswered(other, in_leaf):
    call_at("15:00:00", IVR, "failed", ended="15:00:10", fail_reason="eu_abandoned", **in_leaf)
    call_at("15:20:00", MOBILE, "failed", ended="15:20:50", fail_reason="eu_abandoned", **in_leaf)
    call_at("15:40:00", API, "failed", ended="15:45:00", fail_reason="expired", menu=other)
    message = call_at(
        "16:00:00", IVR, "voicemail_received", ended="16:02:00", deflection="over_capacity_voicemail", **in_leaf
    )
    DeflectionDetail.objects.create(call=message, deflection="over_capacity_voicemail")
    night = call_at(
        "17:00:00", IVR, "deflected", queued=False, ended="17:00:20", deflection="after_hours_message_only", **in_leaf
    )
    DeflectionDetail.objects.create(call=night, deflection="after_hours_message_only")
    call_at("17:05:00", IVR, "failed", queued=False, ended="17:05:20", fail_reason="eu_in_menu_abandoned", **in_leaf)
    call_at("23:00:00", IVR, "queued", **in_leaf)
    call_at("23:10:00", API, "failed", ended="23:11:00", fail_reason="eu_no_answer", **in_leaf)


def _make_promised(ann, bob, in_leaf):
    kept = call_at(
        "04:30:00", SCHEDULED, "finished", connected="19:05:00", ended="19:07:00", agent=bob,
        scheduled_at=at("19:00:00"), **in_leaf,
    )  # fmt: skip
    converse(kept, bob, "19:04:50", "19:05:00", "19:07:00")
    broken = call_at(
        "20:00:00", SCHEDULED, "failed", day="2026-10-31", fail_reason="expired", scheduled_at=at("20:00:00"),
        ended="20:00:00", **in_leaf,
    )  # fmt: skip
    Call.objects.filter(pk=broken.pk).update(ends_at=at("20:15:00"))
    call_at("05:00:00", SCHEDULED, "cancelled", ended="05:10:00", scheduled_at=at("21:00:00"), **in_leaf)
    asked = call_at("21:30:00", CALLBACK, "finished", connected="21:30:20", ended="21:31:20", agent=ann, **in_leaf)
    converse(asked, ann, "21:30:10", "21:30:20", "21:31:20")
    later = call_at(
        "22:00:00", IVR, "finished", connected="22:20:00", ended="22:21:00", agent=ann,
        deflection="over_capacity_callback", **in_leaf,
    )  # fmt: skip
    DeflectionDetail.objects.create(call=later, deflection="over_capacity_callback")
    converse(later, ann, "22:19:50", "22:20:00", "22:21:00")
