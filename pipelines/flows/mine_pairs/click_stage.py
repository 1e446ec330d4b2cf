"""Stage: clicks as they were read -> co-click pairs, and the refused clicks."""

from typing import Any

from pyspark import StorageLevel
from pyspark.sql import DataFrame

from pipelines.mining.clicks.co_click_step import CoClick, co_clicks
from pipelines.mining.intake.field_faults import UNREAD_FIELDS, count_faults
from pipelines.mining.intake.select_notes_step import refuse_if_too_many
from pipelines.mining.intake.validate_clicks import accept_clicks
from pipelines.mining.intake.validate_notes import Intake
from pipelines.workspace.stage_output import Output, dropped_counts
from schemas.intermediate import MINED, REFUSED


def co_click_outputs(
    clicks: DataFrame | None, note_items: DataFrame, settings: CoClick, intake: Intake, rows_in: int | None = None
) -> list[Output]:
    """PAIRS and QUARANTINE rows; none without clicks.

    Args:
        clicks: as they were read.
        note_items: note_id, item of every kept note.
        settings: of `co_clicks`.
        intake: how many may be refused.
        rows_in: number of clicks in the input, if it is known without reading them.

    Raises:
        DataError: too many clicks are refused.

    Cost: the clicks are read once and kept on disk; two counts of them, and `co_clicks`.
    """
    spark = note_items.sparkSession
    nothing = dropped_counts(spark, {})
    if clicks is None:
        empty = (spark.createDataFrame(table.columns.empty_table()) for table in (MINED["co_click"], REFUSED["clicks"]))
        return [Output(rows, nothing) for rows in empty]
    clicks = clicks.persist(StorageLevel.DISK_ONLY)
    good, refused = accept_clicks(clicks)
    rows_in = clicks.count() if rows_in is None else rows_in
    reasons = {row["reason"]: row["count"] for row in refused.groupBy("reason").count().collect()}
    counts: dict[str, Any] = {"clicks_read": rows_in, "clicks_refused": sum(reasons.values())}
    counts[UNREAD_FIELDS] = count_faults(clicks, examples=False)
    refuse_if_too_many("clicks", reasons, rows_in, intake)
    pairs = co_clicks(good, note_items, settings)
    with_counts = pairs._replace(report=lambda rows: {**counts, **(pairs.report(rows) if pairs.report else {})})
    return [with_counts, Output(refused, nothing)]
