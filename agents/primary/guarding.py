"""What a reply may rest on in this situation: the company's words on one side, the customer's on the other."""

from __future__ import annotations

from functools import cache

from agents.reasoning.guardrails import Ground
from agents.reasoning.ports import Analysis, Voice
from agents.reasoning.prompting import prompt

from .situation import Situation

PROMPTS = ("intent", "strategy")


def ground_for(situation: Situation, analysis: Analysis) -> Ground:
    question = situation.question
    ours = tuple(line.body for line in question.history if line.voice in (Voice.HUMAN, Voice.AGENT))
    theirs = tuple(line.body for line in question.history if line.voice == Voice.CUSTOMER)
    knowledge = tuple(f"{source.title}\n{source.text}" for source in (analysis.sources or question.sources))
    return Ground(
        sources=(*knowledge, question.business, question.workspace_name, *ours),
        customer=(question.text, *theirs),
        known_people=(*situation.known_people, question.lead_name, question.company),
        private=_instructions(),
        already_said=tuple(line.body for line in question.history if line.voice == Voice.AGENT),
        canary=question.canary,
        language=analysis.reading.language,
        longest=situation.longest_reply,
        max_discount_percent=situation.max_discount_percent,
        today=(f"{question.now:%d %B %Y}",),
    )


@cache
def _instructions() -> tuple[str, ...]:
    """The words of our prompts, which no customer hears."""
    texts = (prompt(name) for name in PROMPTS)
    return tuple(part for text in texts for part in (text.backstory, text.task))
