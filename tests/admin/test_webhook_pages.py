"""Admins say what programs are told, see what arrived, and send again what did not."""

import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse
from django.utils import timezone

from agents.models import User
from ccai.models import AuditEntry, WebhookAttempt, WebhookDelivery, WebhookEndpoint, WebhookEvent
from ccai.times import now
from ccai.webhooks import again as sending_again
from ccai.webhooks.endpoints import disable, make_endpoint
from tests.admin.rows import admin_url, sent_back
from tests.factories import make_call

pytestmark = pytest.mark.django_db

URL = "https://hooks.example.com/calls"


def make_delivery(endpoint, call, **columns):
    """A message of a call that failed, on its way to `endpoint`."""
    event = WebhookEvent.objects.create(
        uid=f"msg_{WebhookEvent.objects.count()}",
        type="call.failed",
        subject=f"call:{call.pk}",
        body='{"data": {"end_user": {"identifier": "kim-77"}}}',
    )
    return WebhookDelivery.objects.create(event=event, endpoint=endpoint, subject=event.subject, **columns)


def save(client, endpoint, **changes):
    """The endpoint's page is saved with `changes`; the page that comes then."""
    url = admin_url(WebhookEndpoint, "change", endpoint.pk)
    return client.post(url, sent_back(client.get(url), **changes), follow=True)


class TestSecrets:
    def test_a_new_endpoint_shows_its_secret_on_the_next_page_and_never_again(self, admin_client):
        page = admin_client.get(admin_url(WebhookEndpoint, "add"))
        values = sent_back(page, url="hooks.example.com/calls", events=["call.*", "offer.made"])
        shown = admin_client.post(admin_url(WebhookEndpoint, "add"), values, follow=True).content.decode()

        endpoint = WebhookEndpoint.objects.get()
        assert (endpoint.url, endpoint.events, endpoint.active) == (URL, ["call.*", "offer.made"], True)
        assert endpoint.secret in shown
        for url in (admin_url(WebhookEndpoint, "change", endpoint.pk), admin_url(WebhookEndpoint, "changelist")):
            assert endpoint.secret not in admin_client.get(url).content.decode()
        assert endpoint.secret not in str(list(AuditEntry.objects.values()))

    def test_a_new_secret_is_shown_once_and_the_one_before_stays_good(self, admin_client):
        endpoint = make_endpoint(URL)
        before = endpoint.secret
        shown = admin_client.post(reverse("admin:ccai_webhookendpoint_secret", args=[endpoint.pk]), follow=True)
        endpoint.refresh_from_db()
        assert endpoint.previous_secret == before != endpoint.secret
        assert endpoint.secret in shown.content.decode()
        assert "The one in use before is good until" in shown.content.decode()
        page = admin_client.get(admin_url(WebhookEndpoint, "change", endpoint.pk)).content.decode()
        assert endpoint.secret not in page
        assert before not in page
        assert re.search(r"good until \d{4}-\d\d-\d\d \d\d:\d\d:\d\d\s*<", page)
        shown = admin_client.post(reverse("admin:ccai_webhookendpoint_secret", args=[endpoint.pk]), follow=True)
        assert "The one made a moment ago is void." in shown.content.decode()


class TestEndpoints:
    @pytest.mark.parametrize("url", ["ftp://example.com/", "https://kim:secret@example.com/", "https://"])
    def test_an_address_that_nothing_can_be_sent_to_is_refused_with_a_sentence(self, admin_client, url):
        page = admin_client.get(admin_url(WebhookEndpoint, "add"))
        answer = admin_client.post(admin_url(WebhookEndpoint, "add"), sent_back(page, url=url))
        assert answer.context["adminform"].form.errors["url"]
        assert not WebhookEndpoint.objects.exists()

    @pytest.mark.parametrize(("allowed", "taken"), [(True, True), (False, False)])
    def test_names_that_are_used_inside_are_taken_where_messages_may_go_inside(
        self, admin_client, settings, allowed, taken
    ):
        settings.CCAI_WEBHOOK_ALLOW_PRIVATE = allowed
        urls = ["http://receiver:8080/hook", "http://my_svc.internal/h", "http://127.1:9/x"]
        for url in urls:
            page = admin_client.get(admin_url(WebhookEndpoint, "add"))
            admin_client.post(admin_url(WebhookEndpoint, "add"), sent_back(page, url=url))
        assert list(WebhookEndpoint.objects.values_list("url", flat=True)) == (urls if taken else [])
        for url in (
            "ftp://receiver/",
            "http://two words/",
            "http://receiver/" + "a" * 500,
            "http://" + "a" * 64,
            "http://a\nb/",
        ):
            answer = admin_client.post(admin_url(WebhookEndpoint, "add"), sent_back(page, url=url))
            assert answer.status_code == 200, url

    def test_one_at_an_address_that_is_not_allowed_any_more_can_be_switched_off(self, admin_client, settings):
        settings.CCAI_WEBHOOK_ALLOW_PRIVATE = True
        endpoint = make_endpoint("http://receiver:8080/hook")
        settings.CCAI_WEBHOOK_ALLOW_PRIVATE = False
        save(admin_client, endpoint, active=None, description="Old")
        endpoint.refresh_from_db()
        assert (endpoint.active, endpoint.description) == (False, "Old")
        save(admin_client, endpoint, url="http://127.0.0.1:8080/hook")
        endpoint.refresh_from_db()
        assert endpoint.url == "http://receiver:8080/hook"

    def test_whoever_enters_one_without_tls_is_told_what_that_means(self, admin_client):
        said = "can be read on the way"
        page = admin_client.get(admin_url(WebhookEndpoint, "add"))
        values = sent_back(page, url="http://hooks.example.com/calls")
        shown = admin_client.post(admin_url(WebhookEndpoint, "add"), values, follow=True).content.decode()
        endpoint = WebhookEndpoint.objects.get()
        assert endpoint.url == "http://hooks.example.com/calls"
        assert said in shown
        assert said not in save(admin_client, endpoint, description="Billing").content.decode()
        assert said not in save(admin_client, endpoint, url=URL).content.decode()
        assert said in save(admin_client, endpoint, url="http://hooks.example.com/").content.decode()

    def test_what_waits_for_one_that_is_switched_off_goes_when_it_is_switched_on(self, admin_client):
        endpoint = make_endpoint(URL)
        delivery = make_delivery(endpoint, make_call("failed"))
        page = save(admin_client, endpoint, active=None)
        delivery.refresh_from_db()
        assert (delivery.status, delivery.due_at) == ("pending", None)
        assert "held" in page.client.get(admin_url(WebhookDelivery, "changelist")).content.decode()

        page = save(admin_client, endpoint, active="on").content.decode()
        assert "was not kept for it" in page
        delivery.refresh_from_db()
        endpoint.refresh_from_db()
        assert endpoint.active
        assert delivery.due_at is not None

    def test_one_that_failed_and_has_another_address_is_tried_there_at_once(self, admin_client):
        endpoint, call = make_endpoint(URL), make_call("failed")
        WebhookEndpoint.objects.update(failing_since=now() - timedelta(days=2))
        later, tried = now() + timedelta(hours=9), now() - timedelta(days=2)
        waiting = make_delivery(endpoint, call, due_at=later, attempts=9, first_tried_at=tried)
        claimed = make_delivery(endpoint, call, due_at=later, claimed_until=later)
        save(admin_client, endpoint, description="Billing")
        endpoint.refresh_from_db()
        assert endpoint.failing_since is not None

        save(admin_client, endpoint, url=f"{URL}/new")
        for row in (endpoint, waiting, claimed):
            row.refresh_from_db()
        assert (endpoint.url, endpoint.failing_since) == (f"{URL}/new", None)
        assert waiting.due_at <= now()
        assert (waiting.attempts, waiting.first_tried_at) == (0, None)
        assert claimed.due_at == claimed.claimed_until == later

        save(admin_client, endpoint, active=None)
        save(admin_client, endpoint, url=URL)
        waiting.refresh_from_db()
        assert waiting.due_at is None

    def test_one_is_deleted_whatever_was_sent_there_and_its_deliveries_are_shown_no_more(self, admin_client):
        endpoint, other = make_endpoint(URL), make_endpoint(URL)
        call = make_call("failed")
        deliveries = [make_delivery(one, call) for one in (endpoint, endpoint, other)]
        answer = admin_client.post(admin_url(WebhookEndpoint, "delete", endpoint.pk), {"post": "yes"})
        assert (answer.status_code, list(WebhookEndpoint.objects.all())) == (302, [other])
        shown = admin_client.get(admin_url(WebhookDelivery, "changelist")).context["cl"]
        assert (shown.result_count, [one.pk for one in shown.result_list]) == (1, [deliveries[2].pk])
        assert admin_client.get(admin_url(WebhookDelivery, "change", deliveries[0].pk)).status_code == 404

    def test_the_page_says_why_nothing_is_sent(self, admin_client):
        gone = make_endpoint(URL)
        WebhookEndpoint.objects.filter(pk=gone.pk).update(active=False, disabled="gone", disabled_at=now())
        assert "410 Gone" in admin_client.get(admin_url(WebhookEndpoint, "change", gone.pk)).content.decode()
        front = admin_client.get("/admin/").content.decode()
        assert "1 webhook endpoint gets no messages" in front
        assert admin_url(WebhookEndpoint, "change", gone.pk) in front


class TestDeliveries:
    def test_a_try_is_shown_with_its_code_and_answer_and_can_be_made_again(self, admin_client):
        delivery = make_delivery(
            make_endpoint(URL), make_call("failed"), status="given_up", attempts=12, due_at=None, over_at=now()
        )
        WebhookAttempt.objects.create(delivery=delivery, code=500, milliseconds=41, answer="<b>Sorry</b>")
        url = admin_url(WebhookDelivery, "change", delivery.pk)
        page = admin_client.get(url).content.decode()
        assert all(shown in page for shown in ("500", "41 ms", "&lt;b&gt;Sorry&lt;/b&gt;", "given up", "kim-77"))

        admin_client.post(reverse("admin:ccai_webhookdelivery_again", args=[delivery.pk]))
        delivery.refresh_from_db()
        assert (delivery.status, delivery.attempts) == ("pending", 0)

    def test_one_that_waits_for_another_of_its_call_says_so(self, admin_client):
        endpoint, call = make_endpoint(URL), make_call("failed")
        first, second, other = (make_delivery(endpoint, one) for one in (call, call, make_call("failed")))
        make_delivery(make_endpoint(URL), call)
        url = admin_url(WebhookDelivery, "change", first.pk)
        assert url in admin_client.get(admin_url(WebhookDelivery, "change", second.pk)).content.decode()
        for alone in (first, other):
            page = admin_client.get(admin_url(WebhookDelivery, "change", alone.pk)).content.decode()
            assert "It waits for" not in page
        WebhookDelivery.objects.filter(pk=first.pk).update(status="delivered", due_at=None)
        assert url not in admin_client.get(admin_url(WebhookDelivery, "change", second.pk)).content.decode()

    def test_all_since_a_time_is_sent_again_and_what_is_older_is_not(self, admin_client):
        endpoint, call = make_endpoint(URL), make_call("failed")
        old, new = (make_delivery(endpoint, call, status="delivered", due_at=None) for _ in range(2))
        WebhookEvent.objects.filter(pk=old.event_id).update(at=now() - timedelta(hours=3))
        since = (now() - timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M")
        again = reverse("admin:ccai_webhookendpoint_again", args=[endpoint.pk])
        page = admin_client.post(again, {"since": since}, follow=True).content.decode()
        assert "1 message is sent again." in page
        assert "is being sent again." in page
        assert sending_again.go_on(now()) == 1
        assert list(WebhookDelivery.objects.order_by("pk").values_list("pk", "status")) == [
            (old.pk, "delivered"),
            (new.pk, "pending"),
        ]
        page = admin_client.post(again, {"since": "yesterday"}, follow=True).content.decode()
        assert "This is no time." in page

    def test_a_test_is_sent_to_this_endpoint_and_shown_below(self, admin_client):
        endpoint, _other = make_endpoint(URL, ["agent.*"], "Billing"), make_endpoint(URL)
        test = reverse("admin:ccai_webhookendpoint_test", args=[endpoint.pk])
        page = admin_client.post(test, follow=True).content.decode()
        assert "A test message is on its way." in page
        delivery = WebhookDelivery.objects.get()
        assert (delivery.endpoint, delivery.due_at is None) == (endpoint, False)
        # In the sentence, and in the list below.
        assert page.count(admin_url(WebhookDelivery, "change", delivery.pk)) == 2
        assert timezone.localtime(delivery.due_at).strftime("%Y-%m-%d %H:%M:%S") in page
        add = admin_client.get(admin_url(WebhookEndpoint, "add")).content.decode()
        assert "endpoint.test" not in add
        disable(endpoint)
        assert "Switch it on first." in admin_client.post(test, follow=True).content.decode()
        assert WebhookDelivery.objects.count() == 1

    @pytest.mark.parametrize(
        ("code", "error", "answer", "shown_to_all", "hidden"),
        [
            (200, "", "", ">200<", ""),
            (
                422,
                "",
                '{"error": "kim-77 is unknown"}',
                "Your role does not show what it answers.",
                "kim-77 is unknown",
            ),
            (None, "Its certificate is not good for this address.", "expired", "expired", ""),
            (None, "The connection was refused.", "", "The connection was refused.", ""),
        ],
    )
    def test_who_sees_no_names_reads_neither_messages_nor_answers(
        self, client, code, error, answer, shown_to_all, hidden
    ):
        delivery = make_delivery(make_endpoint(URL), make_call("failed"))
        WebhookAttempt.objects.create(delivery=delivery, code=code, error=error, answer=answer)
        user = User.objects.create_user(email="kim@example.com", password=None, is_staff=True)
        user.user_permissions.add(Permission.objects.get(codename="view_webhookdelivery"))
        client.force_login(user)
        url = admin_url(WebhookDelivery, "change", delivery.pk)
        page = client.get(url).content.decode()
        assert all(shown in page for shown in ("call.failed", shown_to_all, "Your role does not show what it says."))
        assert "kim-77" not in page
        user.user_permissions.add(Permission.objects.get(codename="view_personal_data"))
        page = client.get(url).content.decode()
        assert "kim-77" in page
        assert hidden in page
        assert "Your role does not show" not in page

    def test_the_page_of_a_call_tells_what_programs_were_told_of_it(self, admin_client):
        call, other = make_call("failed"), make_call("failed")
        delivery = make_delivery(make_endpoint(URL), call)
        WebhookAttempt.objects.create(delivery=delivery, error="Nobody answered.")
        page = admin_client.get(reverse("admin:calls_call_change", args=[call.pk])).content.decode()
        assert re.search(r"1 webhook delivery\b", page)
        assert "Nobody answered." in page
        page = admin_client.get(reverse("admin:calls_call_change", args=[other.pk])).content.decode()
        assert "webhook deliver" not in page.lower().replace("webhook deliveries</span>", "")

    def test_the_page_of_a_call_tells_the_latest_first(self, admin_client):
        call, endpoint = make_call("failed"), make_endpoint(URL)
        made = [make_delivery(endpoint, call) for _ in range(3)]
        page = admin_client.get(reverse("admin:calls_call_change", args=[call.pk])).content.decode()
        places = [page.index(admin_url(WebhookDelivery, "change", one.pk)) for one in made]
        assert places == sorted(places, reverse=True)
