from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from agents.corrections import train_layer
from agents.reasoning.trained import MODEL_FILE, StaleModel, load
from crm.models import Workspace
from project.kernel import clock
from project.kernel.commands import OperatorCommand
from project.kernel.errors import WrongValues
from project.kernel.scope import across_workspaces, workspace_scope


class Command(OperatorCommand):
    help = "Train the analyst's shared model from the project's phrases, or the layers of workspaces."

    def add_arguments(self, parser: CommandParser) -> None:
        chosen = parser.add_mutually_exclusive_group()
        chosen.add_argument("--check", action="store_true", help="Only say whether the model belongs to the phrases.")
        chosen.add_argument("--cross-validate", action="store_true", help="Measure on what is held back; some minutes.")
        chosen.add_argument("--layers", action="store_true", help="Train every workspace's own layer instead.")

    def answer(self, **options: Any) -> dict[str, Any]:
        if options["check"]:
            return _check(MODEL_FILE)
        if options["cross_validate"]:
            return _cross_validate()
        return _train_layers() if options["layers"] else _train()


def _check(path: Path) -> dict[str, Any]:
    try:
        return {"model": path.name, "digest": load(path).digest, "is_current": True}
    except (OSError, StaleModel) as error:
        raise WrongValues({"model": str(error)}) from error


def _train() -> dict[str, Any]:
    from agents.reasoning.trained_fit import fit  # scikit-learn: two seconds that no other command should wait
    from agents.reasoning.trained_overlap import without_overlap
    from agents.reasoning.trained_phrases import held_out_phrases, training_phrases

    started = clock.now()
    phrases = without_overlap(training_phrases(), held_out_phrases())
    model = fit(phrases)
    model.save(MODEL_FILE)
    seconds = round((clock.now() - started).total_seconds(), 1)
    return {"model": MODEL_FILE.name, "digest": model.digest, "phrases": len(phrases), "seconds": seconds}


def _cross_validate() -> dict[str, Any]:
    from agents.reasoning.trained_phrases import training_phrases
    from agents.reasoning.trained_validation import cross_score

    return {"at_thresholds": [asdict(score) for score in cross_score(training_phrases())]}


def _train_layers() -> dict[str, Any]:
    with across_workspaces():
        workspaces = list(Workspace.objects.order_by("slug"))
    trained = {}
    for workspace in workspaces:
        with workspace_scope(workspace):
            trained[workspace.slug] = train_layer(workspace=workspace, now=clock.now())
    return {"corrections_by_workspace": trained}
