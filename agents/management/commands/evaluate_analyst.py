from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser

from agents.reasoning.evaluation import evaluate
from agents.reasoning.trained import shipped_model
from project.kernel import clock
from project.kernel.commands import OperatorCommand
from project.kernel.errors import WrongValues

QUALITY = Path(settings.BASE_DIR) / "docs" / "quality.md"
BEGIN, END = "<!-- figures: written by manage.py evaluate_analyst --write -->", "<!-- end of figures -->"


class Command(OperatorCommand):
    help = "Measure the offline tiers on the phrases that are never trained on."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--write", action="store_true", help=f"Also write the figures into {QUALITY.name}.")

    def answer(self, **options: Any) -> dict[str, Any]:
        model = shipped_model()
        if model is None:
            raise WrongValues({"model": "there is none for these phrases: run `manage.py train_analyst`"})
        now = clock.now()
        figures = {"at": f"{now:%Y-%m-%d}", "model": model.digest, **evaluate(now=now)}
        if options["write"]:
            _write(self.tell(figures))
        return figures

    def tell(self, answer: dict[str, Any]) -> str:
        head = (
            f"Measured {answer['at']} with model {answer['model']} on {answer['phrases']} phrases that were never "
            f"trained on; {answer['ms_a_message']} ms of CPU a message."
        )
        tables = [
            line
            for title, key in _TABLES.items()
            for line in (title, "", *_HEAD, *(_row(score) for score in answer[key] if score["phrases"]), "")
        ]
        tail = (
            f"Intent right: {answer['intent_accuracy']:.3f} · language right: {answer['language_accuracy']:.3f} · "
            f"decided by {', '.join(f'{tier} {count}' for tier, count in sorted(answer['tiers'].items()))}"
        )
        return "\n".join([head, "", *tables, tail])


_TABLES = {
    "Wishes, in messages as customers write them:": "wishes",
    "Wishes, in messages sought out to be misread:": "hard_wishes",
    "All other intents:": "intents",
}
_HEAD = ("| kind | language | phrases | precision | recall |", "|---|---|---:|---:|---:|")


def _row(score: dict[str, Any]) -> str:
    shares = f"{_told(score['precision'])} | {_told(score['recall'])}"
    return f"| {score['kind']} | {score['language']} | {score['phrases']} | {shares} |"


def _told(share: float | None) -> str:
    return "–" if share is None else f"{share:.3f}"


def _write(figures: str) -> None:
    text = QUALITY.read_text("utf-8")
    before, after = text.split(BEGIN)[0], text.split(END)[1]
    QUALITY.write_text(f"{before}{BEGIN}\n{figures}\n{END}{after}", "utf-8")
