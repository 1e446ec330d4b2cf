"""The record of one audit rule."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A property that a workspace must have, and the query for rows that violate it."""

    sentence: str
    """The property, as a sentence."""
    needs: tuple[str, ...] = ()
    """Datasets that the rule needs; it is not checked while one is unpublished."""
    query: str
    """SQL over the views and tables of workspace.duckdb and over `files`: the violations, as `id` and `detail`."""
