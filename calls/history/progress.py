"""How far an export is, for the page that waits for it: in Redis, for an hour, under the person's and the export's id.

An export goes on where Redis does not answer; then nobody is told how far it is.
"""

import json
import re
from typing import Any

import redis

from ccai.redis import breaker, client

NAME = re.compile(r"[0-9a-f]{16,64}", re.ASCII)
KEPT = 3600  # seconds

RUNNING, DONE, STOPPED, FAILED = "running", "done", "stopped", "failed"


class Progress:
    """How far one export is. Without a name, which the page gives it, nothing is kept."""

    def __init__(self, user_id: int, name: str) -> None:
        self._key = f"ccai:export:{user_id}:{name}" if NAME.fullmatch(name) else None

    def tell(self, state: str, rows: int, share: float) -> None:
        """It has written `rows`, which is the `share` (0 to 1) of all."""
        if self._key is None or not breaker().closed():
            return
        try:
            client().set(self._key, json.dumps({"state": state, "rows": rows, "share": round(share, 3)}), ex=KEPT)
        except redis.RedisError as error:
            breaker().trip(error)

    def read(self) -> dict[str, Any] | None:
        """What was told last; None where nothing was, or cannot be found out now."""
        if self._key is None or not breaker().closed():
            return None
        try:
            text = client().get(self._key)
        except redis.RedisError as error:
            breaker().trip(error)
            return None
        return json.loads(text) if isinstance(text, bytes | str) else None
