"""How a menu stands now, and on the next days, in words: what the people who edit its hours are shown.

Everything here follows from hours, what was switched by hand, and a moment; nothing is looked up.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from menus.hours import ClockChange, Hours, Period, holidays_of

DAYS = 14
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


class Look(StrEnum):
    """How a menu stands, for the colour and the icon of it."""

    OPEN = "open"
    AFTER_HOURS = "after_hours"
    REDIRECTED = "redirected"
    CLOSED = "closed"
    DELETED = "deleted"


@dataclass(frozen=True)
class Standing:
    """How a menu stands now, as a sentence."""

    look: Look
    sentence: str


@dataclass(frozen=True)
class Switched:
    """Something was switched by hand, perhaps nobody knows any more by whom or when."""

    at: datetime | None = None
    by: str = ""
    reason: str = ""


@dataclass(frozen=True)
class PreviewDay:
    """One day as the hours have it."""

    day: date
    name: str  # "today", "tomorrow", or the weekday
    periods: tuple[str, ...]  # empty where it is closed
    why: str  # empty where it is simply the week's
    open_time: timedelta  # by a clock that nobody sets
    clocks: str  # how clocks are set on this day; empty where they are not

    @property
    def length(self) -> str:
        """How long it is open, in words."""
        return in_words(self.open_time) if self.open_time else ""


def standing(
    hours: Hours | None,
    at: datetime,
    *,
    closing: Switched | None = None,
    redirection: Switched | None = None,
    deleted: bool = False,
) -> Standing:
    """How a menu stands at the moment `at`: whatever holds first of deleted, closed, redirected, and its hours."""
    if deleted:
        return Standing(Look.DELETED, _("Deleted: no calls come here."))
    if closing is not None:
        return Standing(Look.CLOSED, switched_sentence(_("Closed in an emergency"), closing))
    if redirection is not None:
        return Standing(Look.REDIRECTED, switched_sentence(_("Redirected"), redirection))
    if hours is None:
        return Standing(Look.OPEN, _("Always open."))
    look = Look.OPEN if hours.is_open(at) else Look.AFTER_HOURS
    return Standing(look, hours_sentence(hours, at))


def hours_sentence(hours: Hours, at: datetime) -> str:
    """Whether it is open by its hours at the moment `at`, and when that changes."""
    is_open, change = hours.is_open(at), hours.next_change(at)
    if change is None:
        return _("Open now, and always by these hours.") if is_open else _("Closed, and no opening is in sight.")
    until = in_words(change - at)
    today, day = (moment.astimezone(hours.zone).date() for moment in (at, change))
    clock = change.astimezone(hours.zone).strftime("%H:%M")
    if is_open and change - at < DAY:
        return _("Open now, closes in %(until)s, at %(clock)s.") % {"until": until, "clock": clock}
    when = {"day": day_name(day, today), "clock": clock, "until": until}
    if is_open:
        return _("Open now, closes %(day)s at %(clock)s (in %(until)s).") % when
    return _("Closed, opens %(day)s at %(clock)s (in %(until)s).") % when


def next_days(hours: Hours | None, at: datetime, count: int = DAYS) -> list[PreviewDay]:
    """The day of the moment `at` and those after it, `count` in all; without hours, days of the center."""
    today = timezone.localdate(at) if hours is None else at.astimezone(hours.zone).date()
    return [preview_day(hours, today + number * DAY, today) for number in range(count)]


def preview_day(hours: Hours | None, day: date, today: date) -> PreviewDay:
    """How it is open on `day`, and why."""
    name = day_name(day, today, in_sentence=False)
    if hours is None:
        return PreviewDay(day, name, (_("all day"),), "", DAY, "")
    change = hours.clock_change_on(day)
    return PreviewDay(
        day=day,
        name=name,
        periods=tuple(shown_period(period, day) for period in hours.periods_on(day)),
        why=reason_of(hours, day),
        open_time=hours.open_time_of(day),
        clocks="" if change is None else clocks_sentence(change),
    )


def reason_of(hours: Hours, day: date) -> str:
    """What gives `day` its hours, where that is not the week."""
    special = hours.dates.get(day)
    if special is not None:
        kind = _("Holiday") if special.is_holiday else _("Exception")
        return _("%(kind)s: %(name)s") % {"kind": kind, "name": special.name} if special.name else kind
    names = [name for country in hours.countries if (name := holidays_of(country, day.year).get(day))]
    return _("Holiday: %(name)s") % {"name": names[0]} if names else ""


def clocks_sentence(change: ClockChange) -> str:
    """How clocks are set."""
    by = {"clock": change.at.strftime("%H:%M"), "by": in_words(abs(change.by))}
    if change.by > timedelta():
        return _("Clocks go forward by %(by)s at %(clock)s.") % by
    return _("Clocks go back by %(by)s at %(clock)s.") % by


def shown_period(period: Period, day: date) -> str:
    """`09:00–17:00`, with the day on which it ends where that is the next one."""
    if (period.opens, period.closes) == (0, 1_440):
        return _("all day")
    text = f"{clock_of(period.opens)}–{clock_of(period.closes)}"
    if period.closes <= 1_440:
        return text
    return _("%(period)s on %(weekday)s") % {"period": text, "weekday": date_format(day + DAY, "D")}


def clock_of(minutes: int) -> str:
    """So many minutes after midnight, as the clock shows them; the midnight that ends the day is 24:00."""
    if minutes > 1_440:
        minutes -= 1_440
    return f"{minutes // 60:02}:{minutes % 60:02}"


def switched_sentence(what: str, switched: Switched) -> str:
    """What was switched, since when, by whom and why, as far as that is known."""
    if switched.at is not None:
        moment = timezone.localtime(switched.at)
        what = _("%(what)s since %(clock)s") % {"what": what, "clock": date_format(moment, "Y-m-d H:i")}
    if switched.by:
        what = _("%(what)s by %(name)s") % {"what": what, "name": switched.by}
    return f"{what}: {switched.reason}" if switched.reason else f"{what}."


def day_name(day: date, today: date, *, in_sentence: bool = True) -> str:
    """Today, tomorrow, or the weekday; `in_sentence`, with the date where that is a week away or more."""
    ahead = (day - today).days
    if ahead == 0:
        return _("today")
    if ahead == 1:
        return _("tomorrow")
    if in_sentence:
        pattern = "l" if ahead < 7 else "l j F" if day.year == today.year else "l j F Y"
        return _("on %(day)s") % {"day": date_format(day, pattern)}
    return date_format(day, "l")


def in_words(length: timedelta) -> str:
    """A length of time: `40 min`, `2 h 10`, `3 h`, `3 d 14 h`. Less than a minute is one."""
    if length >= 2 * DAY:
        days, rest = divmod(length, DAY)
        hours = rest // HOUR
        return (
            _("%(days)d d %(hours)d h") % {"days": days, "hours": hours} if hours else _("%(days)d d") % {"days": days}
        )
    minutes = max(1, -(-length // MINUTE))
    hours, minutes = divmod(minutes, 60)
    if not hours:
        return _("%(minutes)d min") % {"minutes": minutes}
    if not minutes:
        return _("%(hours)d h") % {"hours": hours}
    return _("%(hours)d h %(minutes)d") % {"hours": hours, "minutes": minutes}
