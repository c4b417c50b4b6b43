"""Templates of WhatsApp stand in Twilio's one registry."""

from messaging.channels.twilio.templates import LIMITS, create_template, list_templates, submit_template

__all__ = ["LIMITS", "create_template", "list_templates", "submit_template"]
