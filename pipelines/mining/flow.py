"""Mine pairs: which step reads which tables, in order. Every decision is in the steps."""

from functools import reduce

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pipelines.clicks.co_click import co_clicks
from pipelines.graph.certificate import certificate
from pipelines.graph.components import components
from pipelines.graph.place import place
from pipelines.images.expand import image_pairs
from pipelines.images.match import matched_pictures
from pipelines.intake.clicks import accept_clicks
from pipelines.intake.keep import kept_notes, refuse_if_too_many
from pipelines.items import distinct_items, note_items
from pipelines.mining.inputs import Inputs
from pipelines.mining.pictures import KERNELS, fingerprinted
from pipelines.mining.settings import MinePairs
from pipelines.text.passages import shared_passages
from pipelines.within_note.pairs import within_note_pairs
from pipelines.workspace.output import Output, dropped_counts
from pipelines.workspace.say import say
from pipelines.workspace.stages import Stages
from pipelines.workspace.union import GRAPH_CODE, is_outdated, united
from schemas.item import Granularity
from schemas.mined import ANNOTATED, MINED, PICTURE_DOUBTS, PICTURE_PAIRS, PICTURES, REFUSED
from schemas.table import Table
from schemas.tables import COMPONENTS, DROPPED_NOTES, IMAGES, ITEMS, NOTES, POSITIVES, QUARANTINE

TYING: tuple[Granularity, ...] = ("near_duplicate_image", "crop", "partial_text")
"""Granularities that say that two notes show the same content; a click does not."""


def mine(stages: Stages, inputs: Inputs, settings: MinePairs) -> None:
    """Every stage of the job, in order; a stage whose inputs have not changed is skipped."""
    keep_notes(stages, inputs, settings)
    fingerprint_images(stages, inputs, settings)
    match_images(stages, settings)
    mine_text(stages, settings)
    mine_clicks(stages, inputs, settings)
    mine_within_notes(stages, settings)
    collect_refused(stages)
    tie_components(stages, settings)
    place_positives(stages)
    list_items(stages)


def keep_notes(stages: Stages, inputs: Inputs, settings: MinePairs) -> None:
    """The input's notes -> NOTES, DROPPED_NOTES."""
    s = settings
    stages.run(
        [NOTES, REFUSED["notes"], DROPPED_NOTES],
        lambda: kept_notes(inputs.tables["notes"], s.intake, s.filter, s.balance, s.seed),
        inputs={"notes": inputs.fingerprints["notes"]},
        settings={"intake": s.intake, "filter": s.filter, "balance": s.balance, "seed": s.seed},
        code=("pipelines.intake",),
    )


def fingerprint_images(stages: Stages, inputs: Inputs, settings: MinePairs) -> None:
    """NOTES and their picture files -> PICTURES, IMAGES."""
    contents = {"images": inputs.fingerprints.get("images", "files")}
    stages.run(
        [PICTURES, IMAGES, REFUSED["images"]],
        lambda: fingerprinted(stages, inputs, settings),
        inputs=stages.fingerprints(NOTES) | contents | {"image_root": inputs.image_root},
        settings={"fingerprint": settings.fingerprint, "intake": settings.intake},
        code=(
            *KERNELS,
            "pipelines.picture_file",
            "pipelines.intake",
            "pipelines.mining.pictures",
        ),
    )


def match_images(stages: Stages, settings: MinePairs) -> None:
    """PICTURES -> PICTURE_PAIRS, PICTURE_DOUBTS -> near duplicates and crops."""
    count = stages.workspace.published(PICTURES.name).counts.rows_out
    stages.run(
        [PICTURE_PAIRS, PICTURE_DOUBTS],
        lambda: matched_pictures(stages.read(PICTURES), count, settings.match),
        inputs=stages.fingerprints(PICTURES),
        settings={"match": settings.match},
        code=("pipelines.images", "pipelines.blocks"),
    )
    tables: dict[Granularity, Table] = {name: MINED[name] for name in ("near_duplicate_image", "crop")}

    def make() -> list[Output]:
        pairs = stages.workspace.published(PICTURE_PAIRS.name).counts.rows_out
        found = image_pairs(stages.read(PICTURE_PAIRS), pairs, stages.read(IMAGES), settings.match)
        return [found[name] for name in tables]

    stages.run(
        list(tables.values()),
        make,
        inputs=stages.fingerprints(PICTURE_PAIRS, IMAGES),
        settings={"match": settings.match},
        code=("pipelines.images",),
    )


def mine_text(stages: Stages, settings: MinePairs) -> None:
    """NOTES -> partial text."""
    stages.run(
        [MINED["partial_text"]],
        lambda: [shared_passages(stages.read(NOTES), settings.partial_text)],
        inputs=stages.fingerprints(NOTES),
        settings={"partial_text": settings.partial_text},
        code=("pipelines.text",),
    )


def mine_clicks(stages: Stages, inputs: Inputs, settings: MinePairs) -> None:
    """NOTES and the input's clicks -> co-click."""

    def make() -> list[Output]:
        nothing = dropped_counts(stages.spark, {})
        if "clicks" not in inputs.tables:
            return [Output(stages.empty(table), nothing) for table in (MINED["co_click"], REFUSED["clicks"])]
        good, refused = accept_clicks(inputs.tables["clicks"])
        told = {"clicks_read": inputs.tables["clicks"].count(), "clicks_refused": refused.count()}
        refuse_if_too_many("clicks", told["clicks_refused"], told["clicks_read"], settings.intake)
        made = co_clicks(good, _note_items(stages), settings.co_click)
        counted = made._replace(report=lambda rows: {**told, **(made.report(rows) if made.report else {})})
        return [counted, Output(refused, nothing)]

    stages.run(
        [MINED["co_click"], REFUSED["clicks"]],
        make,
        inputs=stages.fingerprints(NOTES, IMAGES) | {"clicks": inputs.fingerprints.get("clicks", "none given")},
        settings={"co_click": settings.co_click, "intake": settings.intake},
        code=("pipelines.clicks", "pipelines.blocks", "pipelines.intake"),
    )


def mine_within_notes(stages: Stages, settings: MinePairs) -> None:
    """NOTES, IMAGES and their copies -> within-note pairs."""

    def make() -> list[Output]:
        copies = stages.read(PICTURE_PAIRS)
        return [within_note_pairs(_note_items(stages), stages.read(IMAGES), copies, settings.within_note, settings.seed)]

    stages.run(
        [MINED["within_note"]],
        make,
        inputs=stages.fingerprints(NOTES, IMAGES, PICTURE_PAIRS),
        settings={"within_note": settings.within_note, "seed": settings.seed},
        code=("pipelines.within_note",),
    )


def collect_refused(stages: Stages) -> None:
    """Refused notes, pictures and clicks -> QUARANTINE."""
    tables = list(REFUSED.values())
    stages.run(
        [QUARANTINE],
        lambda: [Output(_union([stages.read(table) for table in tables]), dropped_counts(stages.spark, {}))],
        inputs=stages.fingerprints(*tables),
        settings={},
        code=("pipelines.intake",),
    )


def tie_components(stages: Stages, settings: MinePairs) -> None:
    """Pairs that say that content is shared -> COMPONENTS, with their splits."""

    def make() -> list[Output]:
        edges = _union([_edges(stages.read(MINED[name])) for name in TYING])
        return [components(stages.read(NOTES).select("note_id"), edges, settings.components)]

    stages.run(
        [COMPONENTS],
        make,
        inputs=stages.fingerprints(NOTES, *[MINED[name] for name in TYING]),
        settings={"components": settings.components},
        code=("pipelines.graph",),
    )


def place_positives(stages: Stages) -> None:
    """All pairs and COMPONENTS -> POSITIVES, with the certificate of their splits."""
    mined = united(stages.workspace)
    if is_outdated(stages.workspace):
        say(f"{POSITIVES.name}: {ANNOTATED.name} is of an earlier mining and left out; run jobs/annotate_images.py again")

    def make() -> list[Output]:
        placed = place(_union([stages.read(table) for table in mined]), stages.read(COMPONENTS))
        return [placed._replace(report=lambda written: certificate(written, stages.read(COMPONENTS)))]

    stages.run([POSITIVES], make, inputs=stages.fingerprints(COMPONENTS, *mined), settings={}, code=GRAPH_CODE)


def list_items(stages: Stages) -> None:
    """POSITIVES -> ITEMS."""
    stages.run(
        [ITEMS],
        lambda: [Output(distinct_items(stages.read(POSITIVES)), dropped_counts(stages.spark, {}))],
        inputs=stages.fingerprints(POSITIVES),
        settings={},
        code=(),
    )


def _note_items(stages: Stages) -> DataFrame:
    return note_items(stages.read(NOTES), stages.read(IMAGES))


def _edges(pairs: DataFrame) -> DataFrame:
    return pairs.select(F.col("query.note_id").alias("l"), F.col("target.note_id").alias("r"), F.col("score").alias("weight"))


def _union(frames: list[DataFrame]) -> DataFrame:
    return reduce(DataFrame.unionByName, frames)
