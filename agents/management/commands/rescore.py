from typing import Any

from agents.qualification.scoring import rescore_workspace
from crm.commands import WorkspaceCommand
from crm.models import Workspace
from project.kernel import clock


class Command(WorkspaceCommand):
    help = "Compute the scores of all leads of a workspace again."

    def answer_within(self, workspace: Workspace, **options: Any) -> dict[str, Any]:
        return {"workspace": workspace.slug, "leads": rescore_workspace(workspace=workspace, now=clock.now())}

    def tell(self, answer: dict[str, Any]) -> str:
        return f"{answer['leads']} leads of {answer['workspace']} have new scores."
