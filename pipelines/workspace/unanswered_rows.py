"""Retries rows with transient failures: the next run of a job repeats them."""

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.items.failure_reasons import passing
from pipelines.workspace.arrow_io import read_file
from pipelines.workspace.arrow_stages import ArrowStages
from pipelines.workspace.progress_line import log_progress
from schemas.table import Table


def unanswered(stages: ArrowStages, table: Table, models: Sequence[str] | None = None) -> dict[str, str]:
    """Return an extra input for the table's stage that makes it stale while rows of it have transient failures.

    Args:
        stages: the workspace's stages.
        table: must have the columns `model` and `reason`.
        models: count only rows of these models; None: all.

    Cost: reads two columns of the table.
    """
    run = stages.workspace.whole(table.name)
    failed = 0
    for uri in stages.workspace.files(table.name) if run else ():
        rows = read_file(uri, ["model", "reason"])
        rows = rows if models is None else rows.filter(pc.is_in(rows.column("model"), value_set=pa.array(models, pa.string())))
        failed += pc.sum(passing(rows.column("reason"))).as_py() or 0
    if not run or not failed:
        return {}
    log_progress(f"{table.name}: {failed:,} rows have transient failures and are requested again")
    return {"unanswered": f"{failed} rows of {run.run_id}"}
