from typing import Any

from django.core.management.base import BaseCommand

from project.schedule import sync_schedule


class Command(BaseCommand):
    help = "Write project/schedule.py to the database that beat reads."

    def handle(self, *args: Any, **options: Any) -> None:
        changes = sync_schedule()
        self.stderr.write(f"schedule: {changes} changed" if changes else "schedule: up to date")
