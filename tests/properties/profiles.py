"""How long a machine runs: short and the same each time, or with HYPOTHESIS_PROFILE=long fifty times as long."""

import os

import pytest
from hypothesis import HealthCheck, Phase, settings

IS_LONG = os.environ.get("HYPOTHESIS_PROFILE") == "long"
LONGER = 50

patient = pytest.mark.timeout(0 if IS_LONG else 600)
"""A machine takes well under a minute where nothing else runs."""


def budget(examples: int, steps: int) -> settings:
    """Real rows are slow and a failure is worth shrinking: no deadline, no health checks."""
    return settings(
        max_examples=examples * (LONGER if IS_LONG else 1),
        stateful_step_count=steps,
        derandomize=not IS_LONG,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
    )


def until_found(steps: int) -> settings:
    """For a planted bug: the first failure is enough, nobody reads it."""
    return settings(budget(400, steps), derandomize=True, phases=[Phase.generate])
