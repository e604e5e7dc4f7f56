"""`python -m bench.inside NAME [ARGUMENT …]`: one benchmark in a process with Django, on an empty database.

`bench.databases` starts it, with the environment that says which database.
"""

import signal
import sys
from importlib import import_module

import django
from django.core.management import call_command


def main(name: str, *arguments: str) -> None:
    """Make the tables, and measure. The benchmark is imported once Django is set up, since it imports models."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # a Ctrl-C is for the process that started this one
    django.setup()
    call_command("migrate", interactive=False, verbosity=0)
    import_module(f"bench.{name}").measure(*arguments)


if __name__ == "__main__":
    main(*sys.argv[1:])
