from collections.abc import Mapping

from messaging.verification import Problem, Verified


def verify(config: Mapping[str, str], secrets: Mapping[str, str], doors: Mapping[str, str]) -> Verified:
    if secrets["whistle"] != "two-long-one-short":
        return Verified(problems=(Problem("No pigeon comes to this whistle.", "Ask whoever trained them.", "whistle"),))
    return Verified(found="The pigeons are in the loft.")
