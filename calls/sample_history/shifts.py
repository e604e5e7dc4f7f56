"""What agents said they were doing around their past calls: they came, were available, wrapped up, and went."""

# Names of tables and columns are the models' own.
# ruff: noqa: S608

from django.db import connection

from agents.models import Agent, Engagement, StatusChange
from calls.sample_history.later import later

# Seconds. Who has nothing to do for longer than BETWEEN_SHIFTS has gone home; each comes before the first call of a
# shift, and goes after the last.
AROUND, BETWEEN_SHIFTS = 600, 4 * 3_600
WRAP_UP = "(10 + id %% 50)"


def write_shifts(after: int) -> None:
    """The status history tells of the engagements whose ids come after `after`, which are all over."""
    status = Agent.Status
    rested = f"kind = '{Engagement.Kind.CALL}' AND (following IS NULL OR following > {later('ended_at', WRAP_UP)})"
    goes = f"following IS NULL OR following > {later('ended_at', BETWEEN_SHIFTS)}"
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            INSERT INTO {StatusChange._meta.db_table} (agent_id, status, at)
            WITH taken AS (
                SELECT id, agent_id, kind, started_at, ended_at,
                    lag(ended_at) OVER agents AS earlier, lead(started_at) OVER agents AS following
                FROM {Engagement._meta.db_table} WHERE id > {after:d} AND ended_at IS NOT NULL
                WINDOW agents AS (PARTITION BY agent_id ORDER BY started_at, id)
            )
            SELECT agent_id, '{status.AVAILABLE}', {later("started_at", -AROUND)} AS moment
            FROM taken WHERE earlier IS NULL OR started_at > {later("earlier", BETWEEN_SHIFTS)}
            UNION ALL SELECT agent_id, '{status.WRAP_UP}', ended_at FROM taken WHERE {rested}
            UNION ALL SELECT agent_id, '{status.AVAILABLE}', {later("ended_at", WRAP_UP)} FROM taken WHERE {rested}
            UNION ALL SELECT agent_id, '{status.OFFLINE}', {later("ended_at", AROUND)} FROM taken WHERE {goes}
            ORDER BY moment
            """,
            [],
        )
