"""A worker reads and imports what its first task needs before that task holds a row."""

import subprocess
import sys

WARM_UP = """
import sys
from project.celery import app
import django
django.setup()
from celery.signals import worker_init
from agents.reasoning.trained import shipped_model
before = "inbox.urls" in sys.modules, shipped_model.cache_info().currsize
worker_init.send(sender=None)
print(before, ("inbox.urls" in sys.modules, shipped_model.cache_info().currsize))
"""


def test_a_worker_knows_the_addresses_and_the_phrases_before_its_first_task() -> None:
    told = subprocess.run([sys.executable, "-c", WARM_UP], capture_output=True, text=True, check=True).stdout
    assert told.strip() == "(False, 0) (True, 1)"
