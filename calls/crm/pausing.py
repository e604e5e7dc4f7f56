"""For how long a system outside is not to be asked, who alone may try it, and what it complains of: known to all
processes of the center.

It is kept in Redis; where that does not answer each process knows what it was told itself, and each may try.
"""

import threading
from datetime import datetime, timedelta

import redis

from ccai.redis import breaker, client
from ccai.times import now

PREFIX, SILENT, TRIED, COMPLAINT = "ccai:pause:", "ccai:silent:", "ccai:tried:", "ccai:complaint:"
# How long a complaint is remembered of which nothing more is heard, in seconds.
REMEMBERED = 3_600

told_here: dict[str, datetime] = {}
# So that of those who find the same together it is news for one.
one_tells = threading.Lock()


def pause(name: str, seconds: float) -> bool:
    """What has this name is not asked for `seconds`, or for longer where that was said before. Returns whether this is
    news: until now it might have been asked."""
    until = now() + timedelta(seconds=seconds)
    with one_tells:
        left = seconds_left(name)
        if left >= seconds:
            return False
        told_here[name] = until
    if breaker().closed():
        try:
            client().set(PREFIX + name, until.timestamp(), px=max(1, int(seconds * 1000)))
        except redis.RedisError as error:
            breaker().trip(error)
    return not left


def be_wary(name: str, seconds: float) -> None:
    """What has this name was silent: whoever asks it within `seconds` does so alone, until it has answered."""
    if not breaker().closed():
        return
    try:
        client().set(SILENT + name, 1, px=int(seconds * 1000))
        client().delete(TRIED + name)
    except redis.RedisError as error:
        breaker().trip(error)


def trust(name: str, *, is_content: bool = False) -> None:
    """What has this name has answered: everybody may ask it. `is_content`: it complains of nothing any more."""
    if not breaker().closed():
        return
    try:
        client().delete(SILENT + name, TRIED + name, *([COMPLAINT + name] if is_content else []))
    except redis.RedisError as error:
        breaker().trip(error)


def complain(name: str, text: str) -> bool:
    """What has this name complains of something that only people can mend. Returns whether this is news."""
    if not breaker().closed():
        return True
    try:
        return client().set(COMPLAINT + name, text, ex=REMEMBERED, get=True) != text.encode()
    except redis.RedisError as error:
        breaker().trip(error)
        return True


def complaint(name: str) -> str:
    """What that which has this name complains of; "" where that is nothing, or is not known."""
    if not breaker().closed():
        return ""
    try:
        text = client().get(COMPLAINT + name)
    except redis.RedisError as error:
        breaker().trip(error)
        return ""
    return text.decode() if isinstance(text, bytes) else ""


def seconds_of_another(name: str, seconds: float) -> float:
    """0 where what has this name may be asked here and now: where it was silent, by nobody else for `seconds`, or until
    it answers. Otherwise the seconds for which another still has it alone, at most."""
    if not breaker().closed():
        return 0.0
    try:
        if not client().exists(SILENT + name) or client().set(TRIED + name, 1, nx=True, px=int(seconds * 1000)):
            return 0.0
        return max(1, int(client().pttl(TRIED + name))) / 1000
    except redis.RedisError as error:
        breaker().trip(error)
        return 0.0


def seconds_left(*names: str) -> float:
    """The longest time that is left of the pauses with these names; 0 where there are none."""
    at = now()
    for name in [name for name, until in told_here.copy().items() if until <= at]:
        told_here.pop(name, None)
    until = [told_here[name].timestamp() for name in names if name in told_here]
    if breaker().closed():
        try:
            told = client().mget([PREFIX + name for name in names])
            until += [float(moment) for moment in told if moment]
        except redis.RedisError as error:
            breaker().trip(error)
    return max(0.0, *(moment - at.timestamp() for moment in until)) if until else 0.0
