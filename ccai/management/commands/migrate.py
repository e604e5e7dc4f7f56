"""`manage.py migrate`: Django's, and the first admin where the environment names one."""

from typing import Any

from django.conf import settings
from django.core.management.commands.migrate import Command as Migrate
from django.utils.translation import gettext as _

from agents.models import User


class Command(Migrate):
    """Migrates. CCAI_ADMIN_EMAIL and CCAI_ADMIN_PASSWORD make a superuser where there is none yet."""

    def handle(self, *args: Any, **options: Any) -> None:
        """Bring the database up to date, and see that somebody can log in."""
        super().handle(*args, **options)
        # Of an app alone, forth or back: the users' table need not be there.
        whole = not (options["app_label"] or options["plan"] or options["check_unapplied"])
        if settings.CCAI_ADMIN_EMAIL and whole:
            self.make_first_admin(settings.CCAI_ADMIN_EMAIL, settings.CCAI_ADMIN_PASSWORD)

    def make_first_admin(self, email: str, password: str) -> None:
        """There is a superuser: this one, unless there was one before."""
        if User.objects.filter(is_superuser=True).exists():
            return
        user = User.objects.filter(email__iexact=email).first() or User(email=email)
        user.is_staff = user.is_superuser = user.is_active = True
        user.set_password(password)
        user.save()
        self.stdout.write(_("Made the admin %(email)s.") % {"email": email})
