"""The CRM port: who the customers are. Laid out like `django.core.mail.backends`: a base, and one adapter a file."""

from django.conf import settings
from django.utils.module_loading import import_string

from calls.crm.base import Crm


def crm() -> Crm:
    """The adapter that settings name."""
    adapter: type[Crm] = import_string(settings.CCAI_CRM_ADAPTERS[settings.CCAI_CRM])
    return adapter()
