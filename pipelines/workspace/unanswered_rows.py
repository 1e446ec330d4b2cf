"""A published table whose rows are in part no answers is asked again by the next run of its job."""

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.items.failure_reasons import passing
from pipelines.workspace.arrow_io import read_file
from pipelines.workspace.arrow_stages import ArrowStages
from pipelines.workspace.progress_line import say
from schemas.table import Table


def unanswered(stages: ArrowStages, table: Table, models: Sequence[str] | None = None) -> dict[str, str]:
    """An input for the table's stage that is there only while rows of it wait for another hour, and makes it stale then.

    Args:
        stages: of the workspace.
        table: has the columns `model` and `reason`.
        models: whose rows count; None: all.

    Cost: reads two columns of the table.
    """
    run = stages.workspace.whole(table.name)
    waiting = 0
    for uri in stages.workspace.files(table.name) if run else ():
        rows = read_file(uri, ["model", "reason"])
        rows = rows if models is None else rows.filter(pc.is_in(rows.column("model"), value_set=pa.array(models, pa.string())))
        waiting += pc.sum(passing(rows.column("reason"))).as_py() or 0
    if not run or not waiting:
        return {}
    say(f"{table.name}: {waiting:,} rows failed by the hour; they are asked again")
    return {"unanswered": f"{waiting} rows of {run.run_id}"}
