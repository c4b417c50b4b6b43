"""The installation is its own provider: each run of the canary is the check."""

from collections.abc import Mapping

from messaging.verification import Verified


def verify(config: Mapping[str, str], secrets: Mapping[str, str], doors: Mapping[str, str]) -> Verified:
    return Verified(found="The installation talks to itself.")
