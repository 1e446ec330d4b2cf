"""Step: clicks as they were read -> co-click pairs, and the clicks that were refused."""

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


def clicked(
    read: DataFrame | None, note_items: DataFrame, settings: CoClick, intake: Intake, rows_in: int | None = None
) -> list[Output]:
    """PAIRS and QUARANTINE rows; none where no clicks were given.

    Args:
        read: the clicks as they were read.
        note_items: note_id, item of every kept note.
        settings: of the pairs.
        intake: how many may be refused.
        rows_in: how many clicks the input has, where that is known without reading.

    Raises:
        DataError: too many clicks are bad.

    Cost: the clicks are read once and kept on disk; two counts of them, and `co_clicks`.
    """
    spark = note_items.sparkSession
    nothing = dropped_counts(spark, {})
    if read is None:
        empty = (spark.createDataFrame(table.columns.empty_table()) for table in (MINED["co_click"], REFUSED["clicks"]))
        return [Output(rows, nothing) for rows in empty]
    read = read.persist(StorageLevel.DISK_ONLY)
    good, refused = accept_clicks(read)
    rows_in = read.count() if rows_in is None else rows_in
    counts: dict[str, Any] = {"clicks_read": rows_in, "clicks_refused": refused.count()}
    counts[UNREAD_FIELDS] = count_faults(read, examples=False)
    refuse_if_too_many("clicks", counts["clicks_refused"], counts["clicks_read"], intake)
    pairs = co_clicks(good, note_items, settings)
    whole = pairs._replace(report=lambda rows: {**counts, **(pairs.report(rows) if pairs.report else {})})
    return [whole, Output(refused, nothing)]
