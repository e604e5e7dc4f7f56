"""The ASGI application, which `manage.py serve` and the container run under uvicorn."""

import os

from django.core.asgi import get_asgi_application

from ccai.api.limits import BodyLimit
from ccai.checks import refuse_wrong_settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ccai.settings")

handler = get_asgi_application()

# Models can be imported now that Django is set up.
from ccai.api.authentication import is_known  # noqa: E402
from ccai.api.sessions import is_staff  # noqa: E402

application = BodyLimit(handler, is_known, is_staff)
refuse_wrong_settings()
