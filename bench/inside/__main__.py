"""Set Django up on the servers of BATON_DATA, call `measure` of the named module, print what it returns."""

import json
import os
import sys
from importlib import import_module

from project.embedded import attach

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings.local")

with attach():
    import django

    django.setup()
    _, name, words = sys.argv
    json.dump(import_module(f"bench.inside.{name}").measure(**json.loads(words)), sys.stdout)
