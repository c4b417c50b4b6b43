"""There is nobody to ask: whoever has the signing key delivers, and the key is only seen to be right when they do."""

from collections.abc import Mapping

from messaging.verification import Verified


def verify(config: Mapping[str, str], secrets: Mapping[str, str], doors: Mapping[str, str]) -> Verified:
    return Verified(found="Whoever signs with this key may deliver calls.")
