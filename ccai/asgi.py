"""The ASGI application, which `manage.py serve` and the container run under uvicorn."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ccai.settings")

application = get_asgi_application()
