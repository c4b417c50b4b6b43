"""Benchmarks, one a file, each of a real system on its own port and data: `manage.py bench NAME --json`.

A benchmark is a module with `measure(*, seconds) -> dict`. Numbers are of this machine, this minute: compare ratios.
"""
