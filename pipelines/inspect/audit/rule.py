"""A rule."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One thing that must hold."""

    sentence: str
    """What holds."""
    needs: tuple[str, ...] = ()
    """The datasets without which there is nothing to check."""
    broken: str
    """SQL over the views and tables of workspace.duckdb and over `files`: what breaks it, as `id` and `detail`."""
