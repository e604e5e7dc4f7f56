"""The ASGI application, which `manage.py serve` and the container run under uvicorn."""

import os

from django.core.asgi import get_asgi_application

from ccai.api.limits import BodyLimit
from ccai.checks import refuse_wrong_settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ccai.settings")

application = BodyLimit(get_asgi_application())
refuse_wrong_settings()
