"""How past calls end: each way in its own function, which moves a story to there."""

from collections.abc import Callable, Sequence
from datetime import timedelta

from django.conf import settings

from calls.models import CallType, Deflection, DisconnectedBy, Participant, Status, VoicemailReason
from calls.sample_history.shares import FAILURES, ORIGINS, SCHEDULED, WORTH_A_CALL_BACK, Failure, Stage, spread
from calls.sample_history.steps import AROUND_A_TALK, LONGEST_WAIT, Steps
from calls.sample_history.story import Story
from calls.services.deflecting import DEFLECTIONS, OCCASIONS
from calls.voip import first_provider
from menus.models import DeflectionOption, Menu

Kind = DeflectionOption.Kind

LONGEST_TALK = 1_500  # seconds
# What end users say, of calls they were not and were happy with.
COMMENTS = (
    ("I had to explain everything twice.", "The line kept breaking up.", "Nobody could tell me when it will be fixed."),
    ("Quick and friendly.", "Solved at once, thank you!", "Very patient with me."),
)
# The file that all made-up messages share.
MESSAGE = "voicemail/made_up.wav"
# What ends a call; after anything else a menu gives, it goes on.
FINAL = (Kind.MESSAGE, Kind.PHONE)


def finish(steps: Steps, story: Story) -> None:
    """They talked, and one of them hung up."""
    draw, call = steps.draw, story.call
    talk = spread(draw, 210, least=8, most=LONGEST_TALK)
    steps.reach_agent(story, talk + AROUND_A_TALK)
    steps.connect(story)
    story.wait(talk / 2)
    steps.transfer(story, talk / 2 + 2 * AROUND_A_TALK)
    rest = talk / 2
    if talk > 60 and draw.random() < 0.15:
        held = talk * draw.uniform(0.05, 0.3)
        before = (rest - held) * draw.random()
        story.wait(before)
        story.hold_for(held)
        rest -= held + before
    story.wait(rest)
    by = draw.choices((DisconnectedBy.END_USER, DisconnectedBy.AGENT, DisconnectedBy.SYSTEM), (58, 41, 1))[0]
    story.move(Status.FINISHED, f"ended_by_{by}", disconnected_by=by)
    if draw.random() < 0.2:
        call.rating = draw.choices((1, 2, 3, 4, 5), (4, 4, 10, 27, 55))[0]
        call.has_feedback = True
        if draw.random() < 0.3:
            call.feedback = draw.choice(COMMENTS[call.rating > 3])


def fail(steps: Steps, story: Story) -> None:
    """It failed, in one of many ways."""
    fail_as(steps, story, tuple(FAILURES))


def fail_recoverably(steps: Steps, story: Story) -> None:
    """It failed in a way that somebody calls back about."""
    fail_as(steps, story, [failure for failure in FAILURES if failure.reason in WORTH_A_CALL_BACK])


def fail_as(steps: Steps, story: Story, failures: Sequence[Failure]) -> None:
    """It failed in one of these ways."""
    draw, call = steps.draw, story.call
    able = [failure for failure in failures if failure.suits(CallType(call.call_type))]
    failure = draw.choices(able, [FAILURES[one] for one in able])[0]
    if failure.stage == Stage.MENU:
        story.move(Status.SELECTING, ORIGINS[CallType(call.call_type)])
        story.wait(spread(draw, failure.seconds, most=120))
    elif failure.stage == Stage.QUEUE:
        give_up(steps, story, failure)
    else:
        steps.reach_agent(story, 150)
        if failure.stage == Stage.SWITCHING:
            for provider in settings.CCAI_VOIP_PROVIDERS:
                steps.switch(story, provider)
        elif failure.stage == Stage.CONNECTING:
            steps.dial(story, first_provider())
        story.wait(failure.seconds * (draw.uniform(0.8, 1.2) if failure.stage == Stage.CONNECTING else 1))
    story.move(Status.FAILED, failure.cause, fail_reason=failure.reason, disconnected_by=failure.by)


def give_up(steps: Steps, story: Story, failure: Failure) -> None:
    """It waits until its time is up, or until the end user's patience is."""
    desk = steps.find_any_desk(story)
    steps.enter_queue(story, desk)
    queued_at, call = story.at, story.call
    if failure.seconds:
        story.wait(spread(steps.draw, failure.seconds, most=LONGEST_WAIT))
    else:
        story.at = (call.scheduled_at or queued_at) + timedelta(seconds=call.expires_after)
    steps.miss(story, desk.takers[call.lang], queued_at, story.at)
    story.leave_queue()


def cancel(steps: Steps, story: Story) -> None:
    """It was withdrawn before anybody had it."""
    desk = steps.find_any_desk(story)
    if story.call.call_type in SCHEDULED:
        steps.choose_menu(story, desk)
        story.move(Status.SCHEDULED, ORIGINS[CallType(story.call.call_type)])
        story.wait((steps.judged_at(story) - story.at).total_seconds() * steps.draw.uniform(0.02, 0.95))
    else:
        steps.enter_queue(story, desk)
        story.wait(spread(steps.draw, 40, most=LONGEST_WAIT))
        story.leave_queue()
    story.move(Status.CANCELLED, "api")


def deflect(steps: Steps, story: Story) -> None:
    """Its menu was closed or redirected, or too many waited."""
    for state in steps.draw.sample((Menu.State.AFTER_HOURS, Menu.State.MANUAL_REDIRECTION), 2):
        desk = steps.find_desk(story, state)
        if desk is not None:
            option = desk.menu.option(OCCASIONS[state])
            deflection = DEFLECTIONS[Kind(option.kind) if option and option.kind in FINAL else Kind.MESSAGE]
            steps.arrive(story, desk)
            steps.turn_away(story, state, deflection)
            return
    steps.overflow(story, steps.find_any_desk(story), Deflection.OVER_CAPACITY_MESSAGE_ONLY)


def leave_message(steps: Steps, story: Story) -> None:
    """The end user left a message, which nobody has heard."""
    closed = steps.find_desk(story, Menu.State.AFTER_HOURS)
    if closed is not None and (steps.find_desk(story) is None or steps.draw.random() < 0.6):
        reason, cause = VoicemailReason.AFTER_HOURS, "after_hours"
        steps.arrive(story, closed)
        steps.turn_away(story, cause, Deflection.AFTER_HOURS_VOICEMAIL)
    else:
        desk = steps.find_any_desk(story)
        reason = steps.draw.choice((VoicemailReason.OVER_CAPACITY, VoicemailReason.END_USER_CHOICE))
        if reason == VoicemailReason.OVER_CAPACITY:
            cause = "over_capacity"
            steps.overflow(story, desk, Deflection.OVER_CAPACITY_VOICEMAIL)
        else:
            cause = "end_user_chose"
            steps.enter_queue(story, desk)
            story.wait(spread(steps.draw, 45, most=LONGEST_WAIT))
            story.leave_queue()
    story.move(Status.VOICEMAIL, cause, voicemail_reason=reason, queue=story.call.menu)
    story.wait(spread(steps.draw, 30, least=4, most=180))
    story.move(
        Status.VOICEMAIL_RECEIVED,
        "message_left",
        disconnected_by=DisconnectedBy.END_USER,
        voicemail=MESSAGE,
        voip_provider=first_provider(),
    )


def leave_message_that_is_heard(steps: Steps, story: Story) -> None:
    """The end user left a message, and an agent has opened it since."""
    leave_message(steps, story)
    story.end_stays()
    until_now = (steps.until - story.at).total_seconds()
    story.wait(min(spread(steps.draw, 5_400, least=120, most=86_400), until_now * 0.9))
    members = sorted(set().union(*(group.agent_ids for group in story.groups)))
    story.move(Status.VOICEMAIL_READ, f"opened_by_agent_{steps.draw.choice(members)}")


def carry_elsewhere(steps: Steps, story: Story) -> None:
    """The customer's own telephony carried the call; the center has only joined it."""
    steps.choose_menu(story, steps.find_any_desk(story))
    story.move(Status.ACTION_ONLY, "joined_elsewhere", connected_at=story.at)
    end_user = story.leg(Participant.Type.END_USER)
    end_user.status, end_user.connected_at = Participant.Status.CONNECTED, story.at
    story.wait(spread(steps.draw, 150, least=5, most=LONGEST_TALK))
    by = DisconnectedBy.END_USER
    story.move(Status.ACTION_ONLY_FINISHED, f"ended_by_{by}", disconnected_by=by)


ENDINGS: dict[Status, Callable[[Steps, Story], None]] = {
    Status.FINISHED: finish,
    Status.FAILED: fail,
    Status.RECOVERED: fail_recoverably,
    Status.CANCELLED: cancel,
    Status.DEFLECTED: deflect,
    Status.VOICEMAIL_RECEIVED: leave_message,
    Status.VOICEMAIL_READ: leave_message_that_is_heard,
    Status.ACTION_ONLY_FINISHED: carry_elsewhere,
}
