"""The settings of a system under chaos: those of one machine, and one more app, which changes what a row needs changed.

Product code has no switches for tests. Whatever is planted, quickened or skewed is patched by that app as each process
starts (tests/chaos/apps.py), and only in processes that were started with this module.
"""

from project.settings.local import *  # noqa: F403
from project.settings.local import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "tests.chaos.apps.ChaosConfig"]
