"""What the pages of webhooks ask."""

from collections import defaultdict
from typing import Any

from django import forms
from django.conf import settings
from django.core.validators import URLValidator
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget, UnfoldAdminURLInputWidget

from ccai.models import WebhookEndpoint
from ccai.webhooks import endpoints
from ccai.webhooks.events import TYPES

KINDS = {"call": _("Calls"), "offer": _("Offers"), "agent": _("Agents")}


def event_choices() -> list[tuple[Any, Any]]:
    """Every event, by kind, each kind after the pattern that stands for all of it."""
    by_kind: dict[str, list[tuple[str, Any]]] = defaultdict(list)
    for name, sentence in TYPES.items():
        kind = name.partition(".")[0]
        by_kind[kind].append((name, f"{name} · {sentence}"))
    return [
        (name, [(f"{kind}.*", _("%(kind)s: all of these") % {"kind": f"{kind}.*"}), *by_kind[kind]])
        for kind, name in KINDS.items()
    ]


class EndpointForm(forms.ModelForm):
    """Where messages go, and which."""

    url = forms.URLField(
        label=_("URL"),
        max_length=500,
        assume_scheme="https",
        widget=UnfoldAdminURLInputWidget,
        help_text=_("Messages are posted there, signed as Standard Webhooks has it."),
    )
    events = forms.MultipleChoiceField(
        label=_("Events"),
        required=False,
        choices=event_choices,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text=_("None chosen: every event, also those that later versions add."),
    )

    class Meta:
        model = WebhookEndpoint
        fields = ("url", "description", "events", "active")
        help_texts = {
            "active": _("While you have it switched off, what happens is not kept for it. What waits already stays.")
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # What is to be said of an address, `clean_url` says.
        field = self.fields["url"]
        field.validators = [one for one in field.validators if not isinstance(one, URLValidator)]

    def _get_validation_exclusions(self) -> set[str]:
        """The address is judged here, not by the model, which knows of no setting."""
        return {*super()._get_validation_exclusions(), "url"}  # type: ignore[misc]

    def clean_url(self) -> str:
        """An address that messages may be sent to, as far as can be told before one is sent. One that is not changed is
        taken, whatever is allowed by now: whoever sends judges it, and the endpoint can be switched off."""
        url: str = self.cleaned_data["url"]
        if "url" in self.changed_data:
            if not settings.CCAI_WEBHOOK_ALLOW_PRIVATE:
                # Names as the internet has them; those inside may be of one word.
                URLValidator(("http", "https"))(url)
            endpoints.check_url(url)
        return url


class SinceForm(forms.Form):
    """From when on everything is sent again, on the center's clock."""

    since = forms.DateTimeField(
        label=_("Since"),
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"],
        error_messages={
            "required": _("Choose a time."),
            "invalid": _("This is no time. Choose a day and a time, such as 2027-03-31 14:30."),
        },
    )
