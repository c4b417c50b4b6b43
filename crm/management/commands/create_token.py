from typing import Any

from django.core.management.base import CommandParser

from crm.services.tokens import create_token
from project.kernel import clock
from project.kernel.commands import OperatorCommand


class Command(OperatorCommand):
    help = "Make an API token for a person. It is shown once; only its digest is kept."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--email", required=True)

    def answer(self, **options: Any) -> dict[str, str]:
        return {"token": create_token(email=options["email"], now=clock.now())}

    def tell(self, answer: dict[str, str]) -> str:
        return answer["token"]
