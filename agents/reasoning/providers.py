"""Several endpoints in an order: whoever fails is passed over for the next one, all within one budget of time."""

from __future__ import annotations

import time

from pydantic import BaseModel

from agents.reasoning.breaker import Breaker, State, breaker_for
from agents.reasoning.chat import SHORTEST_CALL, Allowance, ChatEndpoint, Request
from agents.reasoning.ports import AnalystUnavailable, Failure, ModelSettings

BAD_ANSWER = frozenset({Failure.REFUSED, Failure.CUT_OFF, Failure.INVALID})
SHARE_OF_THE_FIRST = 0.45
"""Of the time left, while another endpoint could be asked: one that hangs must leave the next enough for an answer."""
REST_OF_THE_REFUSED = 300.0
"""A wrong key and a used-up quota are not mended by asking again."""
# The model answers, only not to this message: no reason to leave it alone.
_ABOUT_THE_MESSAGE = frozenset({Failure.REFUSED, Failure.CUT_OFF})
_LASTING = frozenset({Failure.QUOTA, Failure.UNAUTHORIZED})


class ProviderList:
    """Safe to share between threads."""

    def __init__(self, settings: ModelSettings) -> None:
        self._providers = [_Provider(endpoint) for endpoint in settings.endpoints]

    @property
    def breakers(self) -> list[Breaker]:
        return [provider.breaker for provider in self._providers]

    def ask(self, request: Request, allowance: Allowance) -> BaseModel:
        """The first valid answer. A bad one ends the round: whether it is asked again is the asker's to say, and then
        another endpoint is asked where there is one."""
        failure = AnalystUnavailable(Failure.BREAKER_OPEN)
        waiting = sorted(self._providers, key=lambda provider: provider.settings in allowance.failed)
        while waiting:
            provider = waiting.pop(0)
            if not provider.may_be_asked(allowance):
                continue
            share = SHARE_OF_THE_FIRST if any(other.is_open_for(allowance) for other in waiting) else 1.0
            try:
                return provider.ask(request, allowance, seconds=allowance.seconds_left * share)
            except AnalystUnavailable as unavailable:
                failure = unavailable
                if failure.reason in BAD_ANSWER or allowance.seconds_left < SHORTEST_CALL:
                    break
        raise failure

    def note_overdue(self, allowance: Allowance) -> None:
        """The analysis was given up while this endpoint still dripped its answer."""
        for provider in self._providers:
            if provider.settings == allowance.asking:
                provider.note_failure(AnalystUnavailable(Failure.TIMEOUT), allowance)


class _Provider:
    def __init__(self, settings: ModelSettings) -> None:
        self.settings = settings
        self._endpoint = ChatEndpoint(settings)
        self.breaker = breaker_for(settings)

    def may_be_asked(self, allowance: Allowance) -> bool:
        """The breaker keeps later analyses away, not the second chance of the one that met the trouble."""
        if self.settings in allowance.failed:
            return allowance.failed[self.settings] not in _LASTING
        return self.breaker.allows(time.monotonic())

    def is_open_for(self, allowance: Allowance) -> bool:
        """The same question, without taking the place of a probe."""
        if self.settings in allowance.failed:
            return allowance.failed[self.settings] not in _LASTING
        return self.breaker.state(time.monotonic()) is not State.OPEN

    def ask(self, request: Request, allowance: Allowance, *, seconds: float) -> BaseModel:
        allowance.asking = self.settings
        try:
            answer = self._endpoint.ask(request, allowance, seconds=seconds)
        except AnalystUnavailable as failure:
            if seconds >= SHORTEST_CALL:
                self.note_failure(failure, allowance)
            raise
        finally:
            allowance.asking = None
        self.breaker.record_success()
        return answer

    def note_failure(self, failure: AnalystUnavailable, allowance: Allowance) -> None:
        """Once for each analysis: its second chance is no second trouble."""
        if failure.reason in _ABOUT_THE_MESSAGE:
            self.breaker.record_success()
        elif self.settings not in allowance.failed:
            rest = REST_OF_THE_REFUSED if failure.reason in _LASTING else failure.retry_after
            self.breaker.record_failure(time.monotonic(), retry_after=rest)
        allowance.failed[self.settings] = failure.reason
