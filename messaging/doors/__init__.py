"""The lean webhook doors in front of Django: `wrap(app)` in project/asgi.py puts them there."""

from .app import wrap

__all__ = ["wrap"]
