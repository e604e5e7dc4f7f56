"""Form fields that forms of several packages share."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from ccai.phones import parse_phone, wire_phone


class PhoneField(forms.CharField):
    """A phone number in any international spelling. Its value is E.164, or "" where nothing is written."""

    default_error_messages = {
        "not_well_formed": _(
            "This is not a phone number. Write it with + and the country code, for example +49 30 901820."
        )
    }

    def __init__(self, *, max_length: int | None = None, **kwargs: Any) -> None:
        # A column's max_length is about E.164; a spelling with spaces and brackets may be longer.
        super().__init__(**kwargs)

    def prepare_value(self, value: Any) -> Any:
        """The number in the international format; what is no number stays as it was written."""
        number = parse_phone(value) if isinstance(value, str) else None
        return wire_phone(number) or value

    def to_python(self, value: Any) -> str:
        """The number as E.164. Raises ValidationError where `value` is none."""
        text = super().to_python(value)
        if text in self.empty_values:
            return ""
        number = parse_phone(text)
        if number is None:
            raise ValidationError(self.error_messages["not_well_formed"], code="not_well_formed")
        return number

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        """Phones show their number pad."""
        return {**super().widget_attrs(widget), "inputmode": "tel"}
