"""What agents write down about a call, during it and after it."""

import pytest
from django.core.files.base import ContentFile

from calls import services
from calls.models import Disposition, Note, Participant
from calls.services.notes import version_of
from ccai.errors import Refused
from ccai.redis import client
from ccai.times import now
from tests.calls.sent_files import JPEG, MP4
from tests.factories import make_agent, make_call

pytestmark = pytest.mark.django_db


@pytest.fixture
def agent():
    return make_agent()


@pytest.fixture
def call(agent):
    call = make_call("connected", agent=agent)
    Participant.objects.create(call=call, type="agent", agent=agent, status="connected")
    return call


def end(call):
    call.participants.update(status="finished", ended_at=now())
    type(call).objects.filter(pk=call.pk).update(status="finished", ends_at=now())
    call.refresh_from_db()


class TestNotes:
    def test_an_agent_has_one_note_on_a_call_which_can_be_rewritten(self, call, agent):
        services.write_note(call, agent, " Wants a refund. ")
        services.write_note(call, agent, "Wants a refund, gets one.")
        assert [note.text for note in Note.objects.filter(call=call, agent=agent)] == ["Wants a refund, gets one."]

    def test_each_agent_of_a_call_has_a_note_of_their_own(self, call, agent):
        other = make_agent()
        Participant.objects.create(call=call, type="agent", agent=other, status="connected")
        for writer in (agent, other):
            services.write_note(call, writer, f"by {writer.pk}")
        assert {note.text for note in call.notes.all()} == {f"by {agent.pk}", f"by {other.pk}"}

    def test_it_can_be_written_after_the_end(self, call, agent):
        end(call)
        assert services.write_note(call, agent, "Call back tomorrow.").text == "Call back tomorrow."

    def test_who_was_never_on_the_call_writes_nothing(self, call):
        with pytest.raises(Refused, match="Only agents who have been on this call can do that") as refused:
            services.write_note(call, make_agent(), "I heard it.")
        assert refused.value.status == 403
        assert not Note.objects.exists()

    def test_it_has_ten_thousand_characters_at_most(self, call, agent):
        services.write_note(call, agent, "x" * 10_000)
        with pytest.raises(Refused, match="at most"):
            services.write_note(call, agent, "y" * 10_001)
        assert set(Note.objects.get().text) == {"x"}

    def test_who_has_not_seen_the_newest_text_does_not_write_over_it(self, call, agent):
        begun = services.write_note(call, agent, "Wants a refund.", seen="")
        services.write_note(call, agent, "Wants a refund, gets one.", seen=version_of(begun))
        for stale in ("", version_of(begun), "nonsense"):
            with pytest.raises(Refused, match="changed meanwhile") as refused:
                services.write_note(call, agent, "Wants a bicycle.", seen=stale)
            assert refused.value.status == 409
        assert Note.objects.get().text == "Wants a refund, gets one."

    def test_the_same_text_once_more_is_no_clash(self, call, agent):
        services.write_note(call, agent, "Wants a refund.", seen="")
        services.write_note(call, agent, "Wants a refund.", seen="")

    @pytest.mark.parametrize("character", ["\0", "\ud800"])
    def test_what_no_database_keeps_is_refused(self, call, agent, character):
        with pytest.raises(Refused, match="cannot be kept") as refused:
            services.write_note(call, agent, f"Wants{character}a refund.")
        assert refused.value.status == 400


class TestDispositions:
    def test_four_are_there_from_the_start(self):
        names = Disposition.objects.order_by("position").values_list("name", flat=True)
        assert list(names) == ["Resolved", "Needs follow-up", "Wrong number", "No answer"]

    def test_an_agent_says_what_came_of_the_call_and_may_change_it(self, call, agent):
        resolved, follow_up = Disposition.objects.order_by("position")[:2]
        services.set_disposition(call, agent, resolved)
        end(call)
        services.set_disposition(call, agent, follow_up)
        call.refresh_from_db()
        assert call.disposition == follow_up
        services.set_disposition(call, agent, None)
        call.refresh_from_db()
        assert call.disposition is None

    def test_one_that_is_not_in_use_any_more_cannot_be_chosen(self, call, agent):
        retired = Disposition.objects.create(name="Fax sent", active=False)
        with pytest.raises(Refused, match="not in use"):
            services.set_disposition(call, agent, retired)
        call.refresh_from_db()
        assert call.disposition is None

    def test_who_was_never_on_the_call_says_nothing_of_it(self, call):
        with pytest.raises(Refused, match="Only agents"):
            services.set_disposition(call, make_agent(), Disposition.objects.first())


def added(sent):
    """The photo, or the video, that was sent."""
    with sent as add:
        return add()


@pytest.mark.parametrize(
    "verb",
    [
        lambda call, agent: services.write_note(call, agent, "Something."),
        lambda call, agent: services.set_disposition(call, agent, Disposition.objects.create(name="Fax sent")),
        lambda call, agent: services.set_feedback(call, {"rating": 5}),
        lambda call, agent: services.set_data_parameters(call, {"intent": "refund"}),
        lambda call, agent: added(services.photo_to_add(call, ContentFile(JPEG), "photo")),
        lambda call, agent: added(services.video_to_add(call, ContentFile(MP4))),
    ],
    ids=["note", "disposition", "feedback", "data parameters", "photo", "video"],
)
def test_the_pages_of_all_agents_on_the_call_are_stale(
    verb, call, agent, django_capture_on_commit_callbacks, settings, tmp_path
):
    settings.MEDIA_ROOT = tmp_path
    other, gone = make_agent(), make_agent()
    type(call).objects.filter(pk=call.pk).update(connected_at=now())
    Participant.objects.create(call=call, type="agent", agent=other, status="connected")
    Participant.objects.create(call=call, type="agent", agent=gone, status="finished", ended_at=now())
    with client().pubsub() as heard:
        heard.subscribe("ccai:agents")
        heard.get_message(timeout=5)
        with django_capture_on_commit_callbacks(execute=True):
            verb(call, agent)
        message = heard.get_message(timeout=5)
    assert set(message["data"].decode().split()) == {str(agent.pk), str(other.pk)}
