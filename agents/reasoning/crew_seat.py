"""A seat at the desk: one CrewAI agent with its one task and its crew.

The only module that imports crewai. Measured on version 1.15, and the reasons for what is replaced below:
its retries multiply, its own time limit fires only after the call has returned, a crew writes every task's output (the
customer's words) into a SQLite file, and its agent loop of tools and flows costs 20 ms of CPU for what is one call.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

# Read by crewai when it is imported. The last one keeps its first run from collecting a trace.
os.environ.update(
    CREWAI_DISABLE_TELEMETRY="true",
    CREWAI_DISABLE_TRACKING="true",
    CREWAI_DISABLE_VERSION_CHECK="true",
    CREWAI_TRACING_ENABLED="false",
    CREWAI_TESTING="true",
)
if not os.access(Path("~").expanduser(), os.W_OK):
    # It makes its folders at import, and fails in a container whose home is read-only.
    os.environ["HOME"] = tempfile.mkdtemp(prefix="crewai-home-")

from typing import Any, Protocol

from crewai import Agent, BaseLLM, Crew, Process, Task
from crewai.agents.agent_executor import AgentExecutor
from pydantic import BaseModel, PrivateAttr

from agents.reasoning.prompting import prompt


class Line(Protocol):
    """The telephone that the seat speaks through."""

    def call(self, crew: str, messages: list[Any], shape: type[BaseModel]) -> BaseModel: ...


class Seat:
    """One agent, its one task and its crew, made once: a fresh crew costs more than twice a used one."""

    def __init__(self, name: str, shape: type[BaseModel], line: Line) -> None:
        text = prompt(name)
        self.name, self.shape = name, shape
        agent = Agent(
            role=text.role,
            goal=text.goal,
            backstory=text.backstory,
            llm=_LineModel(model="line", line=line, crew=name),
            executor_class=_OneCallExecutor,
            max_retry_limit=0,
            allow_delegation=False,
            cache=False,
            verbose=False,
        )
        task = Task(
            description="{request}",
            expected_output=text.expected_output,
            agent=agent,
            response_model=shape,
            output_pydantic=shape,
        )
        self._crew = _ForgetfulCrew(
            agents=[agent],
            tasks=[task],
            process=Process.sequential,
            cache=False,
            memory=False,
            tracing=False,
            verbose=False,
        )

    def answer(self, request: str) -> Any:
        output: Any = self._crew.kickoff(inputs={"request": request})
        return output.pydantic


class _LineModel(BaseLLM):
    """CrewAI's model, so that one call is one request: its own sends a refused request a second time."""

    line: Any
    crew: str

    def call(self, messages: Any, *args: Any, response_model: Any = None, **kwargs: Any) -> Any:
        return self.line.call(self.crew, messages, response_model)

    # CrewAI wraps call() in a retry of its own for whatever looks like throttling, unless it is told it has been.
    call._crewai_rate_limit_wrapped = True  # type: ignore[attr-defined]

    def supports_function_calling(self) -> bool:
        return True


class _OneCallExecutor(AgentExecutor):
    """No tools, no steps: the task's prompt goes out, the answer comes back."""

    def invoke(self, inputs: dict[str, Any]) -> dict[str, Any]:
        parts: Any = self.prompt
        model: Any = self.llm
        messages = [
            {"role": "system", "content": parts["system"]},
            {"role": "user", "content": parts["user"].replace("{input}", inputs["input"])},
        ]
        return {"output": model.call(messages, response_model=self.response_model)}


class _Nowhere:
    """Where the outputs of tasks are kept."""

    def update(self, task_index: int, log: dict[str, Any]) -> None: ...

    def reset(self) -> None: ...

    def load(self) -> None: ...


class _ForgetfulCrew(Crew):
    _task_output_handler: Any = PrivateAttr(default_factory=_Nowhere)
