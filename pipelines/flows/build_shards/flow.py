"""Build shards: the stages of the job in order, and the tables that each reads. Decisions are in the steps."""

from pyspark.sql import DataFrame

from pipelines.engines.spark_session import plan_for
from pipelines.flows.build_shards.picture_stage import picture_recipe, shard_pictures
from pipelines.flows.build_shards.settings import BuildShards
from pipelines.flows.build_shards.split_stage import SplitTables, write_split
from pipelines.flows.build_shards.tuple_stage import TUPLES, write_tuples
from pipelines.mining.intake.readers import open_input, read_input
from pipelines.shards.files.intermediate_tables import RL_ROWS, SFT_ROWS, SHARD_PICTURES, TRAINING
from pipelines.shards.ranking_lists.half_lists_step import NoteSources
from pipelines.shards.ranking_lists.rl_rows_step import ListTables, ranking_lists
from pipelines.shards.training_rows.sft_rows_step import Tables, sft_rows
from pipelines.workspace.image_root import image_root
from pipelines.workspace.run_folder import Run
from pipelines.workspace.spark_stages import Stages
from pipelines.workspace.stage_output import Output, StageFiles
from schemas.datasets import (
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
from schemas.errors import DataError
from schemas.inputs import IMAGES_IN
from schemas.intermediate import PICTURE_PAIRS
from schemas.relations import NOTE_TIES
from schemas.table import Table


def build_shards(stages: Stages, settings: BuildShards) -> None:
    """Every stage of the job, in order; a stage whose inputs have not changed is skipped."""
    check(stages)
    read = [stages.workspace.published(table.name) for table in (NOTES, POSITIVES, HARD_NEGATIVES)]
    plan_for(stages.spark, sum(file.size_bytes for manifest in read for file in manifest.files))
    contents, fingerprint = _contents(stages, settings)
    make_rows(stages, settings)
    make_lists(stages, settings)
    encode_pictures(stages, settings, contents, fingerprint)
    publish_splits(stages, settings)
    if settings.format == "sentence-transformers":
        publish_tuples(stages, settings)


def check(stages: Stages) -> None:
    """Refuse a workspace whose tables are of different mining runs.

    Raises:
        DataError: a dataset is missing, or hard negatives belong to other positives.
    """
    positives = stages.workspace.published(POSITIVES.name)
    negatives = stages.workspace.published(HARD_NEGATIVES.name)
    if negatives.inputs.get(POSITIVES.name) != positives.fingerprint:
        raise DataError(
            f"{stages.workspace.folder.uri}: hard_negatives were mined for other positives than the published ones; "
            "run jobs/mine_hard_negatives.py again"
        )


def make_rows(stages: Stages, settings: BuildShards) -> None:
    """POSITIVES and their HARD_NEGATIVES -> SFT_ROWS."""

    def make() -> list[Output]:
        model = stages.workspace.published(HARD_NEGATIVES.name).report["model"]
        read = [stages.read(table) for table in (POSITIVES, HARD_NEGATIVES, ITEMS, COUNTERFACTUALS, COMPONENTS, EMBEDDINGS)]
        tables = Tables(*read, *[stages.read_or_empty(table) for table in (ANNOTATIONS, JUDGEMENTS)])
        return [sft_rows(tables, model, settings.sft, settings.labels, settings.seed)]

    stages.run(
        [SFT_ROWS],
        make,
        inputs=stages.fingerprints(POSITIVES, HARD_NEGATIVES, ITEMS, COUNTERFACTUALS, COMPONENTS, EMBEDDINGS)
        | _optional(stages, ANNOTATIONS, JUDGEMENTS),
        settings={"sft": settings.sft, "labels": settings.labels, "seed": settings.seed},
        code=sft_rows,
    )


def make_lists(stages: Stages, settings: BuildShards) -> None:
    """NOTES, and JUDGEMENTS and ANNOTATIONS if there are any -> RL_ROWS."""

    def make() -> list[Output]:
        notes = NoteSources(*[stages.read(table) for table in (NOTES, IMAGES, COMPONENTS, PICTURE_PAIRS)])
        more = [stages.read(table) for table in (POSITIVES, NOTE_TIES, ITEMS)]
        tables = ListTables(notes, *more, *[stages.read_or_empty(table) for table in (JUDGEMENTS, ANNOTATIONS)])
        return [ranking_lists(tables, settings.ranking, settings.labels, settings.seed)]

    stages.run(
        [RL_ROWS],
        make,
        inputs=stages.fingerprints(NOTES, IMAGES, COMPONENTS, NOTE_TIES, PICTURE_PAIRS, POSITIVES, ITEMS)
        | _optional(stages, JUDGEMENTS, ANNOTATIONS),
        settings={"ranking": settings.ranking, "labels": settings.labels, "seed": settings.seed},
        code=ranking_lists,
    )


def encode_pictures(stages: Stages, settings: BuildShards, contents: DataFrame | None, fingerprint: str) -> None:
    """The picture files of SFT_ROWS and RL_ROWS -> SHARD_PICTURES.

    Args:
        stages: of the workspace.
        settings: size and quality.
        contents: image_id, content; None: pictures are files.
        fingerprint: of the contents.
    """

    def make() -> list[Output]:
        rows, encoded = [stages.read(SFT_ROWS), stages.read(RL_ROWS)], _reusable_pictures(stages, settings)
        return [shard_pictures(rows, stages.read(IMAGES), contents, encoded, settings.pictures, image_root(stages.workspace))]

    stages.run(
        [SHARD_PICTURES],
        make,
        inputs=stages.fingerprints(SFT_ROWS, RL_ROWS, IMAGES) | stages.file_fingerprints(IMAGES) | {"contents": fingerprint},
        settings={"pictures": settings.pictures},
        code=(read_input, shard_pictures),
    )


def publish_splits(stages: Stages, settings: BuildShards) -> None:
    """SFT_ROWS, RL_ROWS and SHARD_PICTURES -> sft/train to rl/test.

    All are published together, so that a training split is never next to a test split of another mining run.
    """

    def write(table: Table, run: Run) -> StageFiles:
        tables = SplitTables(*[stages.read(source) for source in (SFT_ROWS, RL_ROWS, SHARD_PICTURES, IMAGES)])
        return write_split(tables, table, run, settings.shard.shard_bytes)

    stages.run_files(
        [table for splits in TRAINING.values() for table in splits],
        write,
        inputs=stages.fingerprints(SFT_ROWS, RL_ROWS, SHARD_PICTURES, IMAGES),
        settings={name: getattr(settings, name) for name in ("seed", "sft", "labels", "ranking", "pictures", "shard")},
        code=write_split,
    )


def publish_tuples(stages: Stages, settings: BuildShards) -> None:
    """sft/train to sft/test -> sentence_transformers/train to sentence_transformers/test."""

    def write(table: Table, run: Run) -> StageFiles:
        published = stages.workspace.published(f"sft/{table.name.split('/')[1]}")
        return write_tuples(stages.spark, stages.workspace, published, run, settings.tuples.negatives)

    stages.run_files(
        TUPLES,
        write,
        inputs=stages.fingerprints(*TRAINING["sft"]),
        settings={"tuples": settings.tuples},
        code=write_tuples,
    )


def _reusable_pictures(stages: Stages, settings: BuildShards) -> DataFrame | None:
    """SHARD_PICTURES of the last run, if it used the same code and settings."""
    run = stages.workspace.manifest(SHARD_PICTURES.name)
    if run is None or any(run.report.get(name) != value for name, value in picture_recipe(settings.pictures).items()):
        return None
    return stages.read(SHARD_PICTURES)


def _optional(stages: Stages, *tables: Table) -> dict[str, str]:
    runs = {table.name: stages.workspace.manifest(table.name) for table in tables}
    return {name: run.fingerprint if run else "none" for name, run in runs.items()}


def _contents(stages: Stages, settings: BuildShards) -> tuple[DataFrame | None, str]:
    """The table of picture bytes and its fingerprint, if the settings name one.

    Raises:
        DataError: pictures have no files, and the settings name no such table.
    """
    if settings.images is not None:
        image_table = open_input(stages.spark, settings.images, IMAGES_IN, name="images")
        return image_table.rows, image_table.fingerprint()
    images = stages.read(IMAGES)
    without_uri = images.where("uri is null").count()
    if without_uri:
        raise DataError(
            f"images: {without_uri} of {images.count()} pictures have no uri: they were mined from a table of bytes; "
            "pass the same table again: --images URI"
        )
    return None, "files"
