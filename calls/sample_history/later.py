"""A moment in SQL, some seconds later."""

from django.db import connection

_LATER = {
    "postgresql": "{moment} + ({seconds}) * interval '1 second'",
    # As Django writes a time: without a fraction where it is none.
    "sqlite": "replace(strftime('%%Y-%%m-%%d %%H:%%M:%%f000', {moment}, ({seconds}) || ' seconds'), '.000000', '')",
}


def later(moment: str, seconds: object) -> str:
    """The SQL of `moment` and so many seconds more, which may be SQL too; for a statement with parameters, in which a
    percent sign is doubled."""
    return _LATER[connection.vendor].format(moment=moment, seconds=seconds)
