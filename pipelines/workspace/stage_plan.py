"""Plans of stages: what a stage depends on, whether it must run, and the manifest of its run. No engine."""

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
    """All that a stage depends on."""

    run_id: str
    """Hash of the tables' schemas and the fields below."""
    inputs: dict[str, str]
    settings: dict[str, Any]
    code: str


def planned(
    tables: Sequence[Table], inputs: Mapping[str, str], settings: Mapping[str, Any], code: Step | Sequence[Step], *writers: Step
) -> Plan:
    """Compute the plan of a stage.

    Args:
        tables: what is published.
        inputs: a fingerprint for each input.
        settings: the settings that affect the rows, by section.
        code: the step, or several if the stage calls several.
        writers: functions or modules that write the rows.
    """
    steps = (code,) if callable(code) or isinstance(code, str) else code
    trees = {name: as_tree(section) for name, section in settings.items()}
    source = code_fingerprint(*steps, *writers)
    declared = [[t.name, t.key, [[c.name, str(c.type), c.nullable] for c in t.columns]] for t in tables]
    return Plan(fingerprint([declared, dict(inputs), trees, source]), dict(inputs), trees, source)


def stale(workspace: Workspace, tables: Sequence[Table], plan: Plan) -> list[Table]:
    """List the tables that are not published, complete, from the same plan."""
    runs = {table.name: workspace.whole(table.name) for table in tables}
    return [table for table in tables if (run := runs[table.name]) is None or run.run_id != plan.run_id]


def counted(table: Table, rows_in: int | None, rows_out: int, dropped: Mapping[str, int]) -> Counts:
    """Build a run's counts.

    Raises:
        RuntimeError: a step that filters rows has lost some.
    """
    if rows_in is not None and rows_in != rows_out + sum(dropped.values()):
        raise RuntimeError(f"{table.name}: {rows_in} rows in, {rows_out} out, dropped {dict(dropped)}: rows were lost")
    nonzero = dict(sorted((reason, n) for reason, n in dropped.items() if n))
    return Counts(rows_in=rows_in, rows_out=rows_out, dropped=nonzero)


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
    """Build the manifest of a finished run; records the installed versions of `packages`."""
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
