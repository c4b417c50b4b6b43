"""Running a command the way an operator sees it: its standard output, or its refusal."""

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command


def run(*words: str) -> str:
    out = StringIO()
    call_command(*words, stdout=out)
    return out.getvalue()


def run_json(*words: str) -> Any:
    """The one JSON document that stands on standard output, and nothing else."""
    return json.loads(run(*words, "--json"))


def refusal(*words: str) -> str:
    """What standard error says when the command ends with exit code 2; standard output stays empty."""
    out = StringIO()
    with pytest.raises(CommandError) as caught:
        call_command(*words, "--json", stdout=out)
    assert caught.value.returncode == 2 or "required" in str(caught.value)
    assert out.getvalue() == ""
    return str(caught.value)
