"""Celery wakes hands; the rows in PostgreSQL are the truth. See project/schedule.py for what beat ticks."""

import os

from celery import Celery
from celery.signals import setup_logging

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings.local")

app = Celery("baton")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@setup_logging.connect
def keep_django_logging(**kwargs: object) -> None:
    """Having a receiver stops Celery from replacing the logging that the settings configured."""
