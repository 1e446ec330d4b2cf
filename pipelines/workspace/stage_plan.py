"""What a stage is made from, whether it stands there already, and what its run says of itself. No engine."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any, NamedTuple

from pipelines.workspace.code_fingerprint import Step, code_fingerprint
from pipelines.workspace.manifest import Counts, DataFile, Manifest, fingerprint
from pipelines.workspace.workspace import Workspace
from schemas.settings import as_tree
from schemas.table import Table


class Plan(NamedTuple):
    """What a stage is made from."""

    run_id: str
    """A hash of all the rest."""
    inputs: dict[str, str]
    settings: dict[str, Any]
    code: str


def planned(
    tables: Sequence[Table], inputs: Mapping[str, str], settings: Mapping[str, Any], code: Step | Sequence[Step], *writers: Step
) -> Plan:
    """The plan of a stage.

    Args:
        tables: what is published.
        inputs: a fingerprint for each thing that is read.
        settings: the dataclasses that steer it, by section.
        code: the step, or the steps where its stage calls several.
        writers: what writes their rows.
    """
    steps = (code,) if callable(code) or isinstance(code, str) else code
    trees = {name: as_tree(section) for name, section in settings.items()}
    source = code_fingerprint(*steps, *writers)
    declared = [[t.name, t.key, [[c.name, str(c.type), c.nullable] for c in t.columns]] for t in tables]
    return Plan(fingerprint([declared, dict(inputs), trees, source]), dict(inputs), trees, source)


def stale(workspace: Workspace, tables: Sequence[Table], plan: Plan) -> list[Table]:
    """The tables that do not stand there, whole, made from the same things."""
    runs = {table.name: workspace.whole(table.name) for table in tables}
    return [table for table in tables if (run := runs[table.name]) is None or run.run_id != plan.run_id]


def counted(table: Table, rows_in: int | None, rows_out: int, dropped: Mapping[str, int]) -> Counts:
    """A run's counts.

    Raises:
        RuntimeError: a step that passes rows on has lost some.
    """
    if rows_in is not None and rows_in != rows_out + sum(dropped.values()):
        raise RuntimeError(f"{table.name}: {rows_in} rows in, {rows_out} out, dropped {dict(dropped)}: rows were lost")
    told = dict(sorted((reason, n) for reason, n in dropped.items() if n))
    return Counts(rows_in=rows_in, rows_out=rows_out, dropped=told)


def manifest(
    table: Table,
    plan: Plan,
    files: list[DataFile],
    counts: Counts,
    *,
    seconds: float,
    packages: Sequence[str],
    report: Mapping[str, Any],
    beside: Sequence[DataFile] = (),
) -> Manifest:
    """What a finished run says of itself; `packages` are the ones whose versions it was made with."""
    return Manifest(
        dataset=table.name,
        run_id=plan.run_id,
        files=files,
        counts=counts,
        inputs=plan.inputs,
        settings=plan.settings,
        code=plan.code,
        seconds=round(seconds, 3),
        published_at=datetime.now(UTC).isoformat(timespec="seconds"),
        versions={name: version(name) for name in packages},
        report=dict(report),
        beside=list(beside),
    )
