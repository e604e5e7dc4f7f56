"""The project package: composition on top (settings, urls, celery, center files, serve), the kernel below.

The Celery app is imported here so that every process that loads Django publishes to the same broker.
"""

from ccai.celery import app as celery_app

__all__ = ["celery_app"]
