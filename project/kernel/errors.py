"""How a refused value is told: by its name and the reason, whoever gave it."""

from collections.abc import Mapping

import pydantic
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError


class WrongValues(ValueError):
    """Values that cannot be used. `problems` maps each name to the reason; secrets are never repeated in it."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__("; ".join(f"{name}: {why}" for name, why in problems.items()))
        self.problems = dict(problems)


def problems_of(error: Exception) -> dict[str, str] | None:
    """What `error` says of each wrong value, or None when it is not about values."""
    match error:
        case ValidationError():
            return _problems_of_django(error)
        case pydantic.ValidationError():
            return {".".join(map(str, problem["loc"])): problem["msg"] for problem in error.errors()}
    problems = getattr(error, "problems", None)
    return dict(problems) if isinstance(problems, Mapping) else None


def _problems_of_django(error: ValidationError) -> dict[str, str]:
    if not hasattr(error, "error_dict"):
        return {NON_FIELD_ERRORS: " ".join(error.messages)}
    return {name: " ".join(messages) for name, messages in error.message_dict.items()}
