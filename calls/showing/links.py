"""Where people are led to in the CRM."""

from urllib.parse import urlsplit

from calls.crm import crm
from calls.models import EndUser


def web_address(text: str | None) -> str:
    """`text` where it is an address of the web; "" where it is none, such as `javascript:…`."""
    try:
        parts = urlsplit(text or "")
        is_web = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        is_web = False
    return text or "" if is_web else ""


def contact_address(person: EndUser) -> str:
    """Where the CRM shows the contact that `person` is; "" where they are none, or it has no page for them."""
    return web_address(crm().contact_url(person.out_contact_id)) if person.out_contact_id else ""
