from dataclasses import asdict
from datetime import date
from typing import Any

from django.core.management.base import CommandParser
from django.utils.dateparse import parse_date

from agents.spending.limits import limits_of
from agents.spending.reports import CostReport, chosen_days, report_costs
from crm.commands import workspace_named
from crm.models import Workspace
from project.kernel import clock
from project.kernel.commands import OperatorCommand
from project.kernel.errors import WrongValues
from project.kernel.scope import workspace_scope


class Command(OperatorCommand):
    help = "What models cost each workspace, by day, model and crew, and how much was answered without one."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--workspace", metavar="SLUG", help="One workspace; else all of them.")
        parser.add_argument("--since", metavar="DAY", help="The first day, such as 2026-11-01; else 30 days ago.")
        parser.add_argument("--until", metavar="DAY", help="The last day; else today.")

    def answer(self, **options: Any) -> list[dict[str, Any]]:
        slug = options["workspace"]
        chosen = [workspace_named(slug)] if slug else list(Workspace.objects.order_by("slug"))
        since, until = parse_day("since", options["since"]), parse_day("until", options["until"])
        return [_costs(workspace, since, until) for workspace in chosen]

    def tell(self, answer: list[dict[str, Any]]) -> str:
        return "\n".join(_told(costs) for costs in answer) or "There is no workspace yet."


def parse_day(name: str, text: str | None) -> date | None:
    if not text:
        return None
    try:
        day = parse_date(text)
    except ValueError:
        day = None
    if day is None:
        raise WrongValues({name: f"“{text}” is no day, such as 2026-11-01"})
    return day


def _costs(workspace: Workspace, since: date | None, until: date | None) -> dict[str, Any]:
    first, last = chosen_days(workspace, since=since, until=until, now=clock.now())
    with workspace_scope(workspace):
        report = report_costs(workspace=workspace, since=first, until=last)
        return {"workspace": workspace.slug, **_as_answer(report), "limits": asdict(limits_of(workspace))}


def _as_answer(report: CostReport) -> dict[str, Any]:
    return {
        **asdict(report),
        "cost_per_conversation": report.cost_per_conversation,
        "share_of_turns_without_model": report.share_of_turns_without_model,
        "share_resolved_without_model": report.share_resolved_without_model,
    }


def _told(costs: dict[str, Any]) -> str:
    without = costs["share_of_turns_without_model"]
    lines = [
        f"{costs['workspace']}, {costs['since']} to {costs['until']}: {costs['cost']:.2f} US dollars, "
        f"{costs['calls']} calls ({costs['failed']} failed, {costs['cached']} spared by the cache)",
        *(f"  {part['cost']:>10.4f}  {part['calls']:>7} calls  {part['name']}" for part in costs["by_model"]),
    ]
    if costs["unpriced"]:
        lines.append(f"  {costs['unpriced']} calls are of models without a known price")
    if costs["cost_per_conversation"] is not None:
        lines.append(f"  {costs['cost_per_conversation']:.4f} for each of {costs['conversations']} conversations")
    if without is not None:
        lines.append(f"  {without:.0%} of {costs['turns']} turns were decided without a model")
    return "\n".join(lines)
