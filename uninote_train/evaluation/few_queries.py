"""A warning about tasks whose numbers mean little."""

from collections.abc import Mapping
from typing import Any

FEW = 50
"""Queries below which a task is named: one query is more than two points."""


def few_queries(tasks: Mapping[str, Mapping[str, Any]]) -> str | None:
    """One line that names the tasks with fewer than FEW queries; None without any.

    Args:
        tasks: name -> results with `queries`.
    """
    few = [f"{name} {results['queries']}" for name, results in tasks.items() if results["queries"] < FEW]
    if not few:
        return None
    return f"warning: fewer than {FEW} queries: {', '.join(few)}; one query is over {100 // FEW} points: compare intervals"
