#!/usr/bin/env python
"""Django's command line for this project."""

import os
import sys

from django.core.management import execute_from_command_line

from ccai.acting import Actor, acting

# What these change somebody changes who sits at a shell: it is recorded under the command's name.
RECORDED = ("changepassword", "create_api_token", "createsuperuser", "load_center")

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ccai.settings")
    command = " ".join(sys.argv[1:2])
    somebody = Actor(f"manage.py {command}", door=f"manage.py {command}") if command in RECORDED else None
    try:
        with acting(lambda: somebody):
            execute_from_command_line(sys.argv)
    except KeyboardInterrupt:
        sys.exit(130)
