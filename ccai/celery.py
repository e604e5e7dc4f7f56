"""The Celery application. Celery is a clock and some hands: what there is to do stands in the database."""

import os
from typing import Any

from celery import Celery
from celery.signals import beat_init, worker_init

from ccai import checks

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ccai.settings")

app = Celery("ccai")
app.config_from_object("django.conf:settings", namespace="CELERY")
# Celery closes Django's connection around every task unless this is set, whatever CONN_MAX_AGE says. It is read
# in upper case only, so it cannot come from the settings, whose names Celery lowers.
app.conf["CELERY_DB_REUSE_MAX"] = 1_000
app.autodiscover_tasks()


@worker_init.connect
@beat_init.connect
def refuse_wrong_settings(**_kwargs: Any) -> None:
    """A worker or beat with wrong settings ends at once, and says why."""
    checks.refuse_wrong_settings()
