from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from project.demo.company import COMPANY, found_company
from project.kernel import clock


class Command(BaseCommand):
    help = "Load the demo company, with its people and its past. Loading it again changes nothing."
    login = f"{' or '.join(person['email'] for person in COMPANY['people'])}, password {COMPANY['password']}"

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("DEMO is off: the demo signs strangers in and has no place in production.", returncode=2)
        workspace = found_company(now=clock.now())
        self.stdout.write(f"The demo workspace is “{workspace.slug}”. Sign in as {self.login}.")
