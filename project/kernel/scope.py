"""Workspace scope: every row is reached through its workspace, and an unscoped query is an error."""

from django_scopes import ScopedManager, scope, scopes_disabled

across_workspaces = scopes_disabled
"""For sweepers alone: they claim due rows of every workspace, then open the scope of the row they claimed."""


def workspace_scope(workspace: object):  # type: ignore[no-untyped-def]
    """Open the scope of one workspace (an instance or its id)."""
    return scope(workspace=workspace)


def scoped_objects() -> object:
    """The manager of every model that belongs to a workspace."""
    return ScopedManager(workspace="workspace")


__all__ = ["across_workspaces", "scope", "scoped_objects", "workspace_scope"]
