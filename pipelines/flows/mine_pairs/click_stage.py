"""Stage: clicks as they were read -> co-click pairs, and the refused clicks."""

from pyspark.sql import DataFrame

from pipelines.mining.clicks.co_click_step import CoClick, co_clicks
from pipelines.mining.intake.select_notes_step import refuse_if_too_many
from pipelines.mining.intake.validate_clicks import accept_clicks
from pipelines.mining.intake.validate_notes import Intake
from pipelines.workspace.stage_output import Output, dropped_counts
from schemas.intermediate import MINED, REFUSED


def co_click_outputs(clicks: DataFrame | None, note_items: DataFrame, settings: CoClick, intake: Intake) -> list[Output]:
    """PAIRS and QUARANTINE rows; none without clicks.

    Args:
        clicks: as they were read.
        note_items: note_id, item of every kept note.
        settings: of `co_clicks`.
        intake: how many may be refused.

    Raises:
        DataError: too many clicks are refused.

    Cost: two counts of the clicks, and `co_clicks`.
    """
    spark = note_items.sparkSession
    nothing = dropped_counts(spark, {})
    if clicks is None:
        empty = (spark.createDataFrame(table.columns.empty_table()) for table in (MINED["co_click"], REFUSED["clicks"]))
        return [Output(rows, nothing) for rows in empty]
    good, refused = accept_clicks(clicks)
    counts = {"clicks_read": clicks.count(), "clicks_refused": refused.count()}
    refuse_if_too_many("clicks", counts["clicks_refused"], counts["clicks_read"], intake)
    pairs = co_clicks(good, note_items, settings)
    with_counts = pairs._replace(report=lambda rows: {**counts, **(pairs.report(rows) if pairs.report else {})})
    return [with_counts, Output(refused, nothing)]
