"""Languages as the wire names them: an ISO 639-1 code, with or without a region."""

import re
from collections.abc import Collection
from functools import cache

import iso639

CODE = re.compile(r"([a-z]{2})(?:-(?:[A-Z]{2}|[0-9]{3}))?", re.ASCII)


@cache
def known_codes() -> frozenset[str]:
    """Every ISO 639-1 code."""
    return frozenset(language.part1 for language in iso639.ALL_LANGUAGES if language.part1)


def base_code(lang: str) -> str | None:
    """`en` for `en` and `en-US`; None where `lang` does not begin with an ISO 639-1 code (contract section 4.1)."""
    match = CODE.fullmatch(lang)
    return match[1] if match and match[1] in known_codes() else None


def covers(codes: Collection[str], lang: str) -> bool:
    """True where `codes` hold `lang` itself or its base, so that `en` covers `en-US`."""
    return lang in codes or lang.partition("-")[0] in codes
