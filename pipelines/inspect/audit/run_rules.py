"""Checks a workspace against all rules."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import duckdb

from pipelines.inspect.audit import (
    item_rules,
    key_rules,
    model_output_rules,
    negative_rules,
    privacy_rules,
    published_files,
    row_counts,
    shard_rules,
    split_rules,
)
from pipelines.inspect.audit.rule import Rule

RULES: tuple[Rule, ...] = (
    *published_files.RULES,
    *row_counts.RULES,
    *key_rules.RULES,
    *split_rules.RULES,
    *item_rules.RULES,
    *negative_rules.RULES,
    *model_output_rules.RULES,
    *shard_rules.RULES,
    *privacy_rules.RULES,
)
EXAMPLES = 3


@dataclass(frozen=True, slots=True)
class RuleResult:
    """Result of one rule."""

    rule: Rule
    missing: tuple[str, ...]
    """Needed datasets that are not published; if there are any, the rule was not checked."""
    violations: int
    """Number of violating rows."""
    examples: list[tuple[str, str]]
    """id and detail of the first violations, by id."""


def check(connection: duckdb.DuckDBPyConnection, rules: Sequence[Rule] = RULES) -> Iterator[RuleResult]:
    """Check each rule in turn.

    Args:
        connection: to the views, with the table `files` (`published_files.list_files`).
        rules: in order.

    Cost: one query per rule; the largest ones hash-join positives or negatives with items, and may spill to disk.
    """
    published = {name for (name,) in connection.execute("select dataset from runs").fetchall()}
    for rule in rules:
        missing = tuple(name for name in rule.needs if name not in published)
        yield RuleResult(rule, missing, 0, []) if missing else _checked(connection, rule)


def _checked(connection: duckdb.DuckDBPyConnection, rule: Rule) -> RuleResult:
    query = f"select id, detail, count(*) over () as violations from ({rule.query}) order by id, detail limit {EXAMPLES}"
    try:
        rows = connection.execute(query).fetchall()
    except duckdb.Error as error:  # a file is missing or has other columns: the rules of files report it
        return RuleResult(rule, (), 1, [("not checked", " ".join(str(error).split())[:200])])
    return RuleResult(rule, (), rows[0][2] if rows else 0, [(str(name), str(detail)) for name, detail, _ in rows])
