"""How past calls end: each way in its own function, which moves a story to there."""

from collections.abc import Callable, Sequence
from datetime import timedelta

from django.conf import settings

from calls.models import CallType, Deflection, DisconnectedBy, Participant, Status, VoicemailReason
from calls.sample_history.shares import FAILURES, ORIGINS, SCHEDULED, WORTH_A_CALL_BACK, Failure, Stage, spread
from calls.sample_history.steps import AROUND_A_TALK, LONGEST_WAIT, Steps
from calls.sample_history.story import Story
from calls.services.deflecting import DEFLECTIONS, OCCASIONS, OVER_CAPACITY
from calls.voip import first_provider
from menus.models import DeflectionOption, Menu

Kind = DeflectionOption.Kind

LONGEST_TALK = 1_500  # seconds


def finish(steps: Steps, story: Story) -> None:
    """They talked, and one of them hung up."""
    draw, call = steps.draw, story.call
    talk = spread(draw, 210, least=8, most=LONGEST_TALK)
    steps.reach_agent(story, talk + AROUND_A_TALK)
    steps.connect(story)
    story.wait(talk / 2)
    steps.transfer(story, talk / 2 + AROUND_A_TALK)
    story.wait(talk / 2)
    by = draw.choices((DisconnectedBy.END_USER, DisconnectedBy.AGENT, DisconnectedBy.SYSTEM), (58, 41, 1))[0]
    story.move(Status.FINISHED, f"ended_by_{by}", disconnected_by=by)
    if talk > 60 and draw.random() < 0.15:
        call.hold_duration = story.leg(Participant.Type.END_USER).hold_duration = int(talk * draw.uniform(0.05, 0.3))
    if draw.random() < 0.2:
        call.rating = draw.choices((1, 2, 3, 4, 5), (4, 4, 10, 27, 55))[0]
        call.has_feedback = draw.random() < 0.3


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
            deflection = DEFLECTIONS[Kind(option.kind)] if option else Deflection.AFTER_HOURS_MESSAGE_ONLY
            steps.arrive(story, desk)
            steps.turn_away(story, state, deflection)
            return
    desk = steps.find_any_desk(story)
    option = desk.menu.option(DeflectionOption.Occasion.OVER_CAPACITY)
    steps.overflow(story, desk, OVER_CAPACITY[Kind(option.kind)] if option else OVER_CAPACITY[Kind.MESSAGE])


def leave_message(steps: Steps, story: Story) -> None:
    """The end user left a message, which nobody has heard."""
    closed = steps.find_desk(story, Menu.State.AFTER_HOURS)
    if closed is not None and (steps.find_desk(story) is None or steps.draw.random() < 0.6):
        reason = VoicemailReason.AFTER_HOURS
        steps.arrive(story, closed)
        steps.turn_away(story, Menu.State.AFTER_HOURS, Deflection.AFTER_HOURS_VOICEMAIL)
    else:
        desk = steps.find_any_desk(story)
        reason = steps.draw.choice((VoicemailReason.OVER_CAPACITY, VoicemailReason.END_USER_CHOICE))
        if reason == VoicemailReason.OVER_CAPACITY:
            steps.overflow(story, desk, Deflection.OVER_CAPACITY_VOICEMAIL)
        else:
            steps.enter_queue(story, desk)
            story.wait(spread(steps.draw, 45, most=LONGEST_WAIT))
            story.leave_queue()
    story.wait(steps.draw.uniform(3, 12))
    story.move(Status.VOICEMAIL, reason, voicemail_reason=reason)
    story.wait(spread(steps.draw, 30, least=4, most=180))
    by = DisconnectedBy.END_USER
    story.move(Status.VOICEMAIL_RECEIVED, f"ended_by_{by}", disconnected_by=by)


def leave_message_that_is_heard(steps: Steps, story: Story) -> None:
    """The end user left a message, and an agent has opened it since."""
    leave_message(steps, story)
    story.end_stays()
    until_now = (steps.until - story.at).total_seconds()
    story.wait(min(spread(steps.draw, 5_400, least=120, most=86_400), until_now * 0.9))
    story.move(Status.VOICEMAIL_READ, "opened")


def carry_elsewhere(steps: Steps, story: Story) -> None:
    """The customer's own telephony carried the call; the center has only joined it."""
    origin = ORIGINS[CallType(story.call.call_type)]
    steps.choose_menu(story, steps.find_any_desk(story))
    story.move(Status.ACTION_ONLY, origin)
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
