"""Celery wakes hands; the rows in PostgreSQL are the truth. See project/schedule.py for what beat ticks."""

import os
import warnings

from celery import Celery
from celery.exceptions import SecurityWarning
from celery.signals import setup_logging, worker_init

from project.env import env_bool

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings.local")

app = Celery("baton")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@setup_logging.connect
def keep_django_logging(**kwargs: object) -> None:
    """Having a receiver stops Celery from replacing the logging that the settings configured."""


# Celery warns root because of pickled messages; ours are JSON. In a container root is what there is.
warnings.filterwarnings("ignore", category=SecurityWarning)


@worker_init.connect
def warm_up_worker(**kwargs: object) -> None:
    """Before its first task, what would else be read and imported while that task holds its row: 0.7 s of CPU, and
    longer after a crash, when all workers start at once and much is due.
    """
    from django.urls import reverse

    from agents.reasoning.cascade import hear

    reverse("account_login")  # the addresses of all screens, which alerts link to
    hear("hello")  # the phrases, and the trained tier


@worker_init.connect
def warm_up_reasoning(**kwargs: object) -> None:
    """In the reasoning worker alone, before its first task: no customer should wait for CrewAI's first seconds."""
    from agents.primary.settings import model_settings
    from agents.reasoning.selection import warm_up

    model = model_settings()
    if model and env_bool("BATON_REASONING", False):
        warm_up(model)
