"""Mine pairs: which step reads which tables, in order. Every decision is in the steps."""

from functools import reduce

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pipelines.clicks.co_click import co_clicks
from pipelines.graph.certificate import certificate
from pipelines.graph.components import components
from pipelines.graph.place import place
from pipelines.images.expand import crops, near_duplicates
from pipelines.images.match import matched_pictures
from pipelines.intake.clicks import accept_clicks
from pipelines.intake.keep import kept_notes, refuse_if_too_many
from pipelines.items import note_items, spark_type
from pipelines.mining.inputs import Inputs
from pipelines.mining.pictures import fingerprinted
from pipelines.mining.settings import MinePairs
from pipelines.text.passages import shared_passages
from pipelines.within_note.pairs import within_note_pairs
from pipelines.workspace.output import Output, dropped_counts
from pipelines.workspace.stages import Stages
from schemas.item import GRANULARITIES, REGION
from schemas.mined import MINED, PICTURE_PAIRS, PICTURES, REFUSED
from schemas.tables import COMPONENTS, IMAGES, ITEMS, NOTES, POSITIVES, QUARANTINE

TYING = ("near_duplicate_image", "crop", "partial_text")
"""Granularities that say that two notes show the same content; a click does not."""


def mine(stages: Stages, inputs: Inputs, settings: MinePairs) -> None:
    """Every stage of the job, in order; a stage whose inputs have not changed is skipped."""
    _notes(stages, inputs, settings)
    _images(stages, inputs, settings)
    _image_pairs(stages, settings)
    _text_and_click_pairs(stages, inputs, settings)
    _within_note(stages, settings)
    _quarantine(stages, inputs)
    _components(stages, settings)
    _positives(stages)


def _notes(stages: Stages, inputs: Inputs, settings: MinePairs) -> None:
    s = settings
    stages.run(
        [NOTES, REFUSED["notes"]],
        lambda: kept_notes(inputs.tables["notes"], s.intake, s.filter, s.balance, s.seed),
        inputs={"notes": inputs.fingerprints["notes"]},
        settings={"intake": s.intake, "filter": s.filter, "balance": s.balance, "seed": s.seed},
        code="pipelines.intake",
    )


def _images(stages: Stages, inputs: Inputs, settings: MinePairs) -> None:
    contents = {name: inputs.fingerprints[name] for name in inputs.fingerprints if name == "images"}
    stages.run(
        [PICTURES, IMAGES, REFUSED["images"]],
        lambda: fingerprinted(stages, inputs, settings),
        inputs=stages.fingerprints(NOTES) | contents | {"image_root": inputs.image_root},
        settings={"fingerprint": settings.fingerprint, "intake": settings.intake},
        code="pipelines.images",
    )


def _image_pairs(stages: Stages, settings: MinePairs) -> None:
    stages.run(
        [PICTURE_PAIRS],
        lambda: [matched_pictures(stages.read(PICTURES), settings.match)],
        inputs=stages.fingerprints(PICTURES),
        settings={"match": settings.match},
        code="pipelines.images",
    )
    for name, step in (("near_duplicate_image", near_duplicates), ("crop", crops)):
        stages.run(
            [MINED[name]],
            lambda step=step: [step(stages.read(PICTURE_PAIRS), stages.read(IMAGES), settings.match)],
            inputs=stages.fingerprints(PICTURE_PAIRS, IMAGES),
            settings={"match": settings.match},
            code="pipelines.images",
        )


def _text_and_click_pairs(stages: Stages, inputs: Inputs, settings: MinePairs) -> None:
    stages.run(
        [MINED["partial_text"]],
        lambda: [shared_passages(stages.read(NOTES), settings.partial_text)],
        inputs=stages.fingerprints(NOTES),
        settings={"partial_text": settings.partial_text},
        code="pipelines.text",
    )
    stages.run(
        [MINED["co_click"], REFUSED["clicks"]],
        lambda: _clicked(stages, inputs, settings),
        inputs=stages.fingerprints(NOTES, IMAGES) | {"clicks": inputs.fingerprints.get("clicks", "none given")},
        settings={"co_click": settings.co_click, "intake": settings.intake},
        code="pipelines.clicks",
    )


def _clicked(stages: Stages, inputs: Inputs, settings: MinePairs) -> list[Output]:
    nothing = dropped_counts(stages.spark, {})
    if "clicks" not in inputs.tables:
        no_pairs, no_rows = (stages.empty(table) for table in (MINED["co_click"], REFUSED["clicks"]))
        return [Output(no_pairs, nothing), Output(no_rows, nothing)]
    good, refused = accept_clicks(inputs.tables["clicks"])
    refuse_if_too_many("clicks", refused.count(), inputs.tables["clicks"].count(), settings.intake)
    return [co_clicks(good, _note_items(stages), settings.co_click), Output(refused, nothing)]


def _within_note(stages: Stages, settings: MinePairs) -> None:
    def make() -> list[Output]:
        copies = stages.read(PICTURE_PAIRS)
        return [within_note_pairs(_note_items(stages), stages.read(IMAGES), copies, settings.within_note, settings.seed)]

    stages.run(
        [MINED["within_note"]],
        make,
        inputs=stages.fingerprints(NOTES, IMAGES, PICTURE_PAIRS),
        settings={"within_note": settings.within_note, "seed": settings.seed},
        code="pipelines.within_note",
    )


def _quarantine(stages: Stages, inputs: Inputs) -> None:
    tables = list(REFUSED.values())
    stages.run(
        [QUARANTINE],
        lambda: [Output(_union([stages.read(table) for table in tables]), dropped_counts(stages.spark, {}))],
        inputs=stages.fingerprints(*tables),
        settings={},
        code="pipelines.intake",
    )


def _components(stages: Stages, settings: MinePairs) -> None:
    def make() -> list[Output]:
        edges = _union([_edges(stages.read(MINED[name])) for name in TYING])
        return [components(stages.read(NOTES).select("note_id"), edges, settings.components)]

    stages.run(
        [COMPONENTS],
        make,
        inputs=stages.fingerprints(NOTES, *[MINED[name] for name in TYING]),
        settings={"components": settings.components},
        code="pipelines.graph",
    )


def _positives(stages: Stages) -> None:
    mined = [MINED[name] for name in GRANULARITIES]

    def make() -> list[Output]:
        placed = place(_union([stages.read(table) for table in mined]), stages.read(COMPONENTS))
        return [placed._replace(report=lambda written: certificate(written, stages.read(COMPONENTS)))]

    stages.run([POSITIVES], make, inputs=stages.fingerprints(COMPONENTS, *mined), settings={}, code="pipelines.graph")
    stages.run(
        [ITEMS],
        lambda: [_items(stages.read(POSITIVES), stages)],
        inputs=stages.fingerprints(POSITIVES),
        settings={},
        code="pipelines.mining",
    )


def _items(positives: DataFrame, stages: Stages) -> Output:
    """Each item of the positives once; a region is part of a crop, and only a remark on a whole picture."""
    both = positives.select(F.col("query").alias("item"), "split").unionByName(
        positives.select(F.col("target").alias("item"), "split")
    )
    no_region = F.lit(None).cast(spark_type(REGION))
    shown = F.when(F.col("item.kind") == "crop", F.col("item")).otherwise(F.col("item").withField("region", no_region))
    once = (
        both.withColumn("item", shown)
        .groupBy("item.item_id")
        .agg(F.first("item").alias("item"), F.first("split").alias("split"))  # equal ids show equal things
    )
    return Output(once.select("item", "split"), dropped_counts(stages.spark, {}))


def _note_items(stages: Stages) -> DataFrame:
    return note_items(stages.read(NOTES), stages.read(IMAGES))


def _edges(pairs: DataFrame) -> DataFrame:
    return pairs.select(F.col("query.note_id").alias("l"), F.col("target.note_id").alias("r"), F.col("score").alias("weight"))


def _union(frames: list[DataFrame]) -> DataFrame:
    return reduce(DataFrame.unionByName, frames)
