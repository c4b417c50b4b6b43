"""Replacing a name in a running process. A name that the product no longer has is an error, not a fault left out."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial, wraps
from importlib import import_module
from typing import Any


def owner_of(path: str) -> tuple[Any, str]:
    """What holds the last name of a dotted path: a module, or a class in one."""
    where, _, name = path.rpartition(".")
    try:
        owner = import_module(where)
    except ModuleNotFoundError:
        holder, of = owner_of(where)
        owner = getattr(holder, of)
    if not hasattr(owner, name):
        raise AttributeError(f"nothing to patch: {path}")
    return owner, name


def replace(path: str, value: Any) -> Any:
    """Put `value` in the place of what `path` names; returns that."""
    owner, name = owner_of(path)
    original = getattr(owner, name)
    setattr(owner, name, value)
    return original


def around(path: str, wrapper: Callable[..., Any]) -> None:
    """Let `wrapper(original, *args, **kwargs)` stand in for the function that `path` names."""
    owner, name = owner_of(path)
    original = getattr(owner, name)
    setattr(owner, name, wraps(original)(_calling(wrapper, original)))


def _calling(wrapper: Callable[..., Any], original: Callable[..., Any]) -> Callable[..., Any]:
    call = partial(wrapper, original)

    def patched(*args: Any, **kwargs: Any) -> Any:  # a plain function, so that it also becomes a method
        return call(*args, **kwargs)

    return patched
