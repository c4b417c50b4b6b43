"""The contracts in pyproject.toml hold only for what they name: these tests find what they forgot."""

import tomllib
from pathlib import Path

from django.apps import apps

import project
from project.installation import CHECKOUT

CONTRACTS = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["tool"]["importlinter"]


def modules_of(package: Path) -> set[str]:
    files = {entry.stem for entry in package.glob("*.py") if entry.stem != "__init__"}
    folders = {entry.name for entry in package.iterdir() if (entry / "__init__.py").exists()}
    return files | folders


def test_every_module_of_the_wiring_stands_on_the_top_floor():
    top = CONTRACTS["contracts"][0]["layers"][0]
    named = {word.strip("() ").removeprefix("project.") for word in top.split(":")}
    assert modules_of(Path(project.__file__).parent) - {"kernel"} <= named


def test_every_app_of_ours_is_under_contract():
    ours = {app.name for app in apps.get_app_configs() if Path(app.path).parent == CHECKOUT}
    assert ours == set(CONTRACTS["root_packages"])


def test_the_kernel_has_no_models():
    assert list(apps.get_app_config("project").get_models()) == []
