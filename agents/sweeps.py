"""The due rows of this floor."""

from project.kernel.due import Sweep, register_sweep


def register() -> None:
    from agents import alerts, bus, coordinator, lost_words, tasks
    from agents.primary import turns

    register_sweep(Sweep("turns", turns.has_due_turns, tasks.take_turns))
    register_sweep(Sweep("agent messages", bus.has_due_agent_messages, tasks.deliver_agent_messages))
    register_sweep(Sweep("alerts", alerts.has_due_alerts, tasks.mail_alerts))
    register_sweep(Sweep("troubles", alerts.has_untold_troubles, tasks.tell_troubles))
    register_sweep(Sweep("lost words", lost_words.has_lost_words, tasks.alert_of_lost_words))
    register_sweep(Sweep("returning floors", coordinator.has_returning_floors, tasks.return_floors))
