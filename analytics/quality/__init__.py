"""How well the agent works: by intent, by handover, by what the checks of each turn found."""
