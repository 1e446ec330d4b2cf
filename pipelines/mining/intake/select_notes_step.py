"""Step: from the rows that were read to the notes that are kept."""

from collections.abc import Mapping
from typing import Any

from pyspark import StorageLevel
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pipelines.mining.intake.content_fingerprint import CONTENT, content
from pipelines.mining.intake.dropped_notes import dropped_notes
from pipelines.mining.intake.field_faults import UNREAD_FIELDS, count_faults, has_fault, with_faults
from pipelines.mining.intake.stratified_balance import Balance, Stratum, balanced, count_strata, water_fill
from pipelines.mining.intake.validate_notes import Filter, Intake, accept_notes, keep_liked
from pipelines.workspace.progress_line import log_progress
from pipelines.workspace.stage_output import Output, dropped_counts
from schemas.errors import DataError

LARGEST_STRATA = 50
"""How many strata the manifest lists, the largest first; there may be as many as topics x image counts."""


NO_LIKES = "no note has a like_count: the filter on likes is off"
OVER_QUOTA = "over the quota of its stratum"


def kept_notes(
    read: DataFrame,
    intake: Intake,
    liked: Filter,
    balance: Balance,
    seed: int,
    *,
    rows_in: int | None = None,
) -> tuple[Output, Output, Output]:
    """NOTES, QUARANTINE and DROPPED_NOTES rows: bad rows refused, the well-liked kept, strata evened out.

    Args:
        read: the rows of the input, with what could not be read.
        intake: what is refused.
        liked: the filter on likes.
        balance: the quotas.
        seed: of the hashes that choose.
        rows_in: how many rows the input has, where that is known without reading.

    Raises:
        DataError: too many rows are bad, or no note is left.

    Cost: the rows are read once and kept on disk; counts by stratum are the only thing collected. Where the balance takes
    something away, its choice is made twice: for what is kept, and for what is not.
    """
    spark = read.sparkSession
    read = read.persist(StorageLevel.DISK_ONLY)
    has_likes = _has_likes(read)
    sorted_rows = accept_notes(read, intake, likes_needed=has_likes and liked.min_likes > 0)
    good, refused = sorted_rows.good.persist(), sorted_rows.refused.persist()
    reasons = {row["reason"]: row["count"] for row in refused.groupBy("reason").count().collect()}
    bad = sum(reasons.values())
    rows_in = read.count() if rows_in is None else rows_in
    unread = count_faults(read, examples=True)
    refuse_if_too_many("notes", reasons, rows_in, intake)
    well_liked = keep_liked(good, liked) if has_likes else good.withColumn("kept_because", F.lit(NO_LIKES))
    before = count_strata(well_liked, balance)
    enough, fine = sum(before.values()), rows_in - bad
    if not enough:
        raise DataError(f"no note of {fine:,} has {liked.min_likes} likes or more; --set filter.min_likes=0 keeps them all")
    after = water_fill(before, round(enough * balance.keep_share)) if enough >= balance.min_notes else before
    rows = well_liked if after == before else balanced(well_liked, after, balance, seed)
    taken = {
        f"fewer than {liked.min_likes} likes": (good.where(F.col("like_count") < liked.min_likes), good.count() - enough),
        OVER_QUOTA: (well_liked.join(rows.select("note_id"), on="note_id", how="left_anti"), enough - sum(after.values())),
    }
    dropped = {f"refused: {reason}": n for reason, n in reasons.items()} | {rule: n for rule, (_, n) in taken.items()}

    def report(notes: DataFrame) -> dict[str, Any]:
        return _strata(before, after) | _content(notes) | {UNREAD_FIELDS: unread}

    kept = Output(rows, dropped_counts(spark, dropped), rows_in, report)
    return kept, Output(refused, dropped_counts(spark, {})), dropped_notes(spark, taken, intake.recorded_drops, seed)


def refuse_if_too_many(source: str, reasons: Mapping[str, int], rows: int, settings: Intake) -> None:
    """Stop the job when the input is not what it seems.

    Args:
        source: the table.
        reasons: how many rows were refused, by reason.
        rows: how many were read.
        settings: with the share that may be refused.

    Raises:
        DataError: more than the settings' share of the rows is refused.
    """
    bad = sum(reasons.values())
    if bad > settings.max_refused_share * rows:
        counted = ", ".join(f"{reason} ({n:,})" for reason, n in sorted(reasons.items(), key=lambda item: (-item[1], item[0])))
        raise DataError(
            f"{source}: {bad:,} of {rows:,} rows are refused: {counted}; that is more than the share of "
            f"{settings.max_refused_share:g} that intake.max_refused_share allows. To go on without them, and read each with "
            f"its reason in the dataset 'quarantine': --set intake.max_refused_share=1"
        )


def _has_likes(read: DataFrame) -> bool:
    """Whether any row has a like_count, be it one that cannot be read: of JSON lines the columns are not known beforehand."""
    any_row = with_faults(read).agg(F.max(F.col("like_count").isNotNull() | has_fault("like_count"))).first()
    if any_row is not None and any_row[0]:
        return True
    log_progress(f"notes: {NO_LIKES}")
    return False


def _content(notes: DataFrame) -> dict[str, str]:
    """What the notes say, wherever their pictures lie."""
    names = F.transform("images", lambda image: image["image_id"])
    return {CONTENT: content(notes.withColumn("images", names))}


def _strata(before: dict[Stratum, int], after: dict[Stratum, int]) -> dict[str, Any]:
    largest = sorted(before, key=lambda s: (-before[s], s))[:LARGEST_STRATA]
    rows = [{"topic": s[0], "image_count": s[1], "before": before[s], "after": after[s]} for s in largest]
    return {"strata": rows, "strata_in_all": len(before)}
