"""Hold a workspace against all rules."""

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
class Verdict:
    """What became of a rule."""

    rule: Rule
    missing: tuple[str, ...]
    """Datasets that it needs and that have not been published: then it was not checked."""
    breaks: int
    """Rows that break it."""
    examples: list[tuple[str, str]]
    """id and detail of the first of them, by id."""


def check(connection: duckdb.DuckDBPyConnection, rules: Sequence[Rule] = RULES) -> Iterator[Verdict]:
    """Each rule and its verdict.

    Args:
        connection: to the views, with the table `files` (`files.list_files`).
        rules: in order.

    Cost: one query a rule; the widest join the positives or the negatives with the items, by hash, and may spill.
    """
    there = {name for (name,) in connection.execute("select dataset from runs").fetchall()}
    for rule in rules:
        missing = tuple(name for name in rule.needs if name not in there)
        yield Verdict(rule, missing, 0, []) if missing else _verdict(connection, rule)


def _verdict(connection: duckdb.DuckDBPyConnection, rule: Rule) -> Verdict:
    broken = f"select id, detail, count(*) over () as breaks from ({rule.broken}) order by id, detail limit {EXAMPLES}"
    try:
        rows = connection.execute(broken).fetchall()
    except duckdb.Error as error:  # a file is gone or has other columns: the rules of files say which
        return Verdict(rule, (), 1, [("not checked", " ".join(str(error).split())[:200])])
    return Verdict(rule, (), rows[0][2] if rows else 0, [(str(name), str(detail)) for name, detail, _ in rows])
