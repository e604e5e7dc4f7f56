"""The VoIP port: who carries the calls. Laid out like `django.core.mail.backends`: a base, and one adapter a file."""

from django.conf import settings
from django.db.models import QuerySet
from django.utils.module_loading import import_string

from agents.models import Agent
from calls.voip.base import NoSuchProvider, VoipProvider


def provider(name: str) -> VoipProvider:
    """The adapter that settings call `name`. Raises NoSuchProvider where there is none (any more)."""
    if name not in settings.CCAI_VOIP_ADAPTERS:
        raise NoSuchProvider(f'there is no provider "{name}"')
    adapter: type[VoipProvider] = import_string(settings.CCAI_VOIP_ADAPTERS[name])
    return adapter(name)


def first_provider() -> str:
    """The name of the provider that is tried first."""
    return str(settings.CCAI_VOIP_PROVIDERS[0])


def rings_agents() -> bool:
    """Whether the provider that is tried first rings agents at a phone or a SIP address of theirs."""
    return provider(first_provider()).rings_agents


def can_be_rung(agents: QuerySet[Agent]) -> QuerySet[Agent]:
    """Those of `agents` whom the provider that is tried first can ring; the others are offered nothing."""
    return agents.exclude(sip_address="") if rings_agents() else agents


def next_provider(name: str) -> str | None:
    """The name of the provider to try when `name` has failed, or None where it was the last."""
    names: list[str] = settings.CCAI_VOIP_PROVIDERS
    following = names[names.index(name) + 1 :] if name in names else names
    return following[0] if following else None
