"""Build shards: which stage reads which tables, in order. Every decision is in the steps."""

from functools import reduce

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pipelines.intake.listing import files_fingerprint
from pipelines.intake.read import read_input
from pipelines.session import plan_for
from pipelines.shards.judged import NOT_CALIBRATED, judge_of, judged, judged_lists
from pipelines.shards.lists import SHORT, NoteSources, half_lists, split_notes
from pipelines.shards.noise import component_ties
from pipelines.shards.rows import Sources, report, training_rows
from pipelines.shards.tables import RL_ROWS, SFT_ROWS
from pipelines.shards_job.pictures import show_pictures
from pipelines.shards_job.settings import BuildShards
from pipelines.shards_job.splits import publish_splits
from pipelines.shards_job.tuples import publish_tuples
from pipelines.workspace.output import Output, dropped_counts
from pipelines.workspace.stages import Stages
from schemas.errors import DataError
from schemas.inputs import IMAGES_IN
from schemas.mined import PICTURE_PAIRS
from schemas.table import Table
from schemas.tables import (
    ANNOTATIONS,
    COMPONENTS,
    COUNTERFACTUALS,
    EMBEDDINGS,
    HARD_NEGATIVES,
    IMAGES,
    ITEMS,
    JUDGEMENTS,
    NOTES,
    POSITIVES,
)

CODE = ("pipelines.shards",)


def build_shards(stages: Stages, settings: BuildShards) -> None:
    """Every stage of the job, in order; a stage whose inputs have not changed is skipped."""
    check(stages)
    read = [stages.workspace.published(table.name) for table in (NOTES, POSITIVES, HARD_NEGATIVES)]
    plan_for(stages.spark, sum(file.size_bytes for manifest in read for file in manifest.files))
    contents, fingerprint = _contents(stages, settings)
    make_rows(stages, settings)
    make_lists(stages, settings)
    show_pictures(stages, settings, contents, fingerprint)
    publish_splits(stages, settings)
    if settings.format == "sentence-transformers":
        publish_tuples(stages, settings)


def check(stages: Stages) -> None:
    """Refuse a workspace whose tables are not of one mining.

    Raises:
        DataError: a dataset is missing, or hard negatives were mined for other positives.
    """
    positives = stages.workspace.published(POSITIVES.name)
    negatives = stages.workspace.published(HARD_NEGATIVES.name)
    if negatives.inputs.get(POSITIVES.name) != positives.fingerprint:
        raise DataError(
            f"{stages.workspace.folder.uri}: hard_negatives were mined for other positives than those that are published now; "
            "run jobs/mine_hard_negatives.py again"
        )


def make_rows(stages: Stages, settings: BuildShards) -> None:
    """POSITIVES and their HARD_NEGATIVES -> SFT_ROWS."""

    def make() -> list[Output]:
        made = training_rows(_sources(stages, settings), settings.sft, settings.labels, settings.seed)
        return [made._replace(report=lambda rows: report(rows) | _judge_told(stages, settings))]

    stages.run(
        [SFT_ROWS],
        make,
        inputs=stages.fingerprints(POSITIVES, HARD_NEGATIVES, ITEMS, COUNTERFACTUALS, COMPONENTS, EMBEDDINGS)
        | _optional(stages, ANNOTATIONS, JUDGEMENTS),
        settings={"sft": settings.sft, "labels": settings.labels, "seed": settings.seed},
        code=CODE,
    )


def make_lists(stages: Stages, settings: BuildShards) -> None:
    """NOTES, and judgements where there are any -> RL_ROWS."""

    def make() -> list[Output]:
        notes = NoteSources(stages.read(NOTES), stages.read(IMAGES), stages.read(COMPONENTS), stages.read(PICTURE_PAIRS))
        split = split_notes(notes, settings.ranking, settings.seed).persist()
        ties = component_ties(stages.read(POSITIVES), stages.read(COMPONENTS)).persist()
        made = [half_lists(split, ties, settings.ranking, settings.seed), *_judged_lists(stages, settings, split, ties)]
        whole = reduce(DataFrame.unionByName, [output.rows for output in made])
        dropped = reduce(DataFrame.unionByName, [output.dropped for output in made])
        short = F.size("candidates") < settings.ranking.candidates
        told = {name: n for output in made if output.report for name, n in output.report(whole).items()}
        return [
            Output(
                whole,
                dropped,
                sum(output.rows_in or 0 for output in made),
                report=lambda rows: told | {SHORT: rows.where(short).count()},
                held=True,
            )
        ]

    stages.run(
        [RL_ROWS],
        make,
        inputs=stages.fingerprints(NOTES, IMAGES, COMPONENTS, PICTURE_PAIRS, POSITIVES, ITEMS) | _optional(stages, JUDGEMENTS),
        settings={"ranking": settings.ranking, "labels": settings.labels, "seed": settings.seed},
        code=CODE,
    )


def _judged_lists(stages: Stages, settings: BuildShards, split: DataFrame, ties: DataFrame) -> list[Output]:
    judgements = stages.read_or_empty(JUDGEMENTS)
    judge = judge_of(judgements, settings.labels)
    if judge is None:
        return []
    if not judge.calibrated and not settings.labels.allow_uncalibrated:
        asked = judgements.where(F.col("task") == "note_to_note").select("query_id").distinct().count()
        return [Output(stages.empty(RL_ROWS), dropped_counts(stages.spark, {NOT_CALIBRATED: asked}), asked)]
    note = stages.read(COMPONENTS).select(F.col("note_id").alias("_note"), "component_id")
    items = stages.read(ITEMS).join(note, on=F.col("item.note_id") == F.col("_note"), how="inner").drop("_note")
    pool = split.select("note_id", "split", "component_id", F.col("whole").alias("item"))
    labels = judged(judgements, judge, settings.labels)
    return [judged_lists(labels, items, pool, ties, settings.ranking, settings.seed)]


def _sources(stages: Stages, settings: BuildShards) -> Sources:
    model = stages.workspace.published(HARD_NEGATIVES.name).report["model"]
    embeddings = stages.read(EMBEDDINGS).where((F.col("model") == model) & F.col("vector").isNotNull())
    annotations = stages.read_or_empty(ANNOTATIONS).where("kind = 'ocr' and text is not null")
    words = F.max_by("text", F.struct("note_id", "model")).alias("words")
    judgements = stages.read_or_empty(JUDGEMENTS)
    judge = judge_of(judgements, settings.labels)
    labels = judged(judgements, judge, settings.labels) if judge else judgements.withColumn("judged", F.col("calibrated"))
    return Sources(
        positives=stages.read(POSITIVES),
        negatives=stages.read(HARD_NEGATIVES),
        items=stages.read(ITEMS).select("item").unionByName(stages.read(COUNTERFACTUALS).select("item")),
        components=stages.read(COMPONENTS),
        embeddings=embeddings.select("item_id", "vector"),
        read=annotations.groupBy("image_id").agg(words),
        judged=labels.select("query_id", "candidate_id", "judged"),
    )


def _judge_told(stages: Stages, settings: BuildShards) -> dict[str, object]:
    judge = judge_of(stages.read_or_empty(JUDGEMENTS), settings.labels)
    return {"judge": judge._asdict() if judge else None}


def _optional(stages: Stages, *tables: Table) -> dict[str, str]:
    runs = {table.name: stages.workspace.manifest(table.name) for table in tables}
    return {name: run.fingerprint if run else "none" for name, run in runs.items()}


def _contents(stages: Stages, settings: BuildShards) -> tuple[DataFrame | None, str]:
    """The table of pictures' bytes and its fingerprint, where it is given.

    Raises:
        DataError: there are pictures that are no files, and no such table.
    """
    if settings.images is not None:
        return read_input(stages.spark, settings.images, IMAGES_IN), files_fingerprint(stages.spark, settings.images)
    images = stages.read(IMAGES)
    lacking = images.where("uri is null").count()
    if lacking:
        raise DataError(
            f"images: {lacking} of {images.count()} pictures have no uri: they were mined from a table of bytes; "
            "give the same table again: --images URI"
        )
    return None, "files"
