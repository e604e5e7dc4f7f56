"""What other connections have begun and not yet committed, as far as PostgreSQL tells.

Two kinds of transaction are not seen. One that has only read for more than ten seconds: it is taken for one that never
writes, such as a report, which pages would wait for in vain. And those of another role: to a role without
`pg_read_all_stats` PostgreSQL shows its own alone, so all processes of a center are to log in as one.
"""

from datetime import timedelta

from django.db import connection

# Transactions that write, and those so young that they may still come to it. The database's own clock is asked alone.
OLDEST = """
    SELECT extract(epoch FROM clock_timestamp() - min(xact_start))
    FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
      AND (backend_xid IS NOT NULL OR xact_start > clock_timestamp() - interval '10 seconds')
"""


def oldest_transaction() -> timedelta | None:
    """For how long the oldest transaction has been under way that may write; None where there is none.

    None on SQLite, too, which does not tell, and where whoever writes is alone.
    """
    if connection.vendor != "postgresql":
        return None
    with connection.cursor() as cursor:
        cursor.execute(OLDEST)
        seconds = cursor.fetchone()[0]
    return None if seconds is None else timedelta(seconds=float(seconds))
