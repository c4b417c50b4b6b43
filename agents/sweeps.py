"""The due rows of this floor."""

from project.kernel.due import Sweep, register_sweep


def register() -> None:
    from agents import alerts, bus, coordinator, corrections, lost_words, tasks
    from agents.knowledge import meaning, sources
    from agents.primary import turns
    from agents.qualification import extraction, scoring

    register_sweep(Sweep("turns", turns.has_due_turns, tasks.take_turns))
    register_sweep(Sweep("agent messages", bus.has_due_agent_messages, tasks.deliver_agent_messages))
    register_sweep(Sweep("alerts", alerts.has_due_alerts, tasks.mail_alerts))
    register_sweep(Sweep("troubles", alerts.has_untold_troubles, tasks.tell_troubles))
    register_sweep(Sweep("model troubles", alerts.has_due_model_troubles, tasks.tell_model_troubles))
    register_sweep(Sweep("lost words", lost_words.has_lost_words, tasks.alert_of_lost_words))
    register_sweep(Sweep("trained layers", corrections.has_due_layers, tasks.train_layers))
    register_sweep(Sweep("returning floors", coordinator.has_returning_floors, tasks.return_floors))
    register_sweep(Sweep("extractions", extraction.has_due_extractions, tasks.extract_facts))
    register_sweep(Sweep("scores", scoring.has_due_scores, tasks.rescore_leads))
    register_sweep(Sweep("knowledge sources", sources.has_due_sources, tasks.read_sources))
    register_sweep(Sweep("embeddings", meaning.has_unembedded, tasks.embed_knowledge))
