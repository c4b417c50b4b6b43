from django.apps import AppConfig


class InboxConfig(AppConfig):
    """The screens of the staff: they compose all floors and own no rows."""

    name = "inbox"
