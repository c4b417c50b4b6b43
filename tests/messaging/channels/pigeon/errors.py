from messaging.transports import ErrorKind, Reaction

REACTIONS = {"hawk": Reaction(ErrorKind.REJECTED, "A hawk was quicker")}


def reaction_for(code: str, *, to: str = "") -> Reaction:
    return REACTIONS.get(code) or Reaction(ErrorKind.REJECTED, "The pigeon came back with the letter")
