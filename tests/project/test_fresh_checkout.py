"""A fresh clone with the base packages alone: what the larger sets bring along cannot hide a missing one."""

import subprocess
from pathlib import Path

import pytest

from project.installation import CHECKOUT
from tests.project.test_bin_up import clean_environment, eventually, served

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    if not (CHECKOUT / ".git").exists():
        pytest.skip("not a git checkout")
    subprocess.run(["git", "clone", "--quiet", CHECKOUT, tmp_path / "clone"], check=True, env=clean_environment())
    return tmp_path / "clone"


def test_bin_up_serves_and_its_worker_works(checkout, tmp_path):
    with served(tmp_path / "data", checkout=checkout, seconds=400) as running:
        eventually(lambda: "ready." in running.output, running, seconds=60)
        assert "No module named" not in running.output
        assert not list(checkout.glob(".venv/lib/python3.*/site-packages/crewai"))
        assert running.interrupt() == 0
