"""The WSGI application, for hosts that have no ASGI server."""

import os

from django.core.wsgi import get_wsgi_application

from ccai.checks import refuse_wrong_settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ccai.settings")

application = get_wsgi_application()
refuse_wrong_settings()
