"""Mine pairs: which step reads which tables, in order. Every decision is in the steps."""

from pyspark.sql import DataFrame

from pipelines.flows.mine_pairs.click_match_check import clicks_without_notes
from pipelines.flows.mine_pairs.click_stage import co_click_outputs
from pipelines.flows.mine_pairs.fingerprint_stage import fingerprint_pictures, fingerprint_version
from pipelines.flows.mine_pairs.inputs import Inputs
from pipelines.flows.mine_pairs.settings import MinePairs
from pipelines.items.spark_columns import distinct_items, note_items
from pipelines.mining.components.components_step import components
from pipelines.mining.components.note_ties_step import note_ties
from pipelines.mining.components.positives_step import certified_positives
from pipelines.mining.images.match_step import matched_pictures
from pipelines.mining.images.note_pairs_step import image_pairs
from pipelines.mining.intake.quarantine_step import quarantined
from pipelines.mining.intake.readers import read_input
from pipelines.mining.intake.select_notes_step import kept_notes
from pipelines.mining.text.shared_passages_step import shared_passages
from pipelines.mining.within_note.within_note_step import within_note_pairs
from pipelines.workspace.positive_sources import ITEMS_STEPS, POSITIVES_STEPS, is_outdated, positive_sources
from pipelines.workspace.progress_line import log_progress
from pipelines.workspace.spark_stages import Stages
from pipelines.workspace.stage_output import Output, dropped_counts
from schemas.datasets import COMPONENTS, DROPPED_NOTES, IMAGES, ITEMS, NOTES, POSITIVES, QUARANTINE
from schemas.granularity import COMPONENT_GRANULARITIES, PICTURE_GRANULARITIES
from schemas.intermediate import ANNOTATED, MINED, PICTURE_DOUBTS, PICTURE_PAIRS, PICTURES, REFUSED, TEXT_TIES
from schemas.relations import NOTE_TIES, VARIANT, VARIANTS


def mine(stages: Stages, inputs: Inputs, settings: MinePairs) -> list[str]:
    """Every stage of the job, in order; a stage whose inputs have not changed is skipped.

    Returns:
        Warnings for the closing summary, such as clicks that join no note.
    """
    keep_notes(stages, inputs, settings)
    warnings = check_clicks(stages, inputs)
    fingerprint_images(stages, inputs, settings)
    match_images(stages, settings)
    mine_text(stages, settings)
    mine_clicks(stages, inputs, settings)
    mine_within_notes(stages, settings)
    collect_refused(stages)
    split_components(stages, settings)
    assign_positives(stages)
    list_items(stages)
    return warnings


def keep_notes(stages: Stages, inputs: Inputs, settings: MinePairs) -> None:
    """The input's notes -> NOTES, DROPPED_NOTES."""
    s = settings
    stages.run(
        [NOTES, REFUSED["notes"], DROPPED_NOTES],
        lambda: kept_notes(
            inputs.tables["notes"],
            s.intake,
            s.filter,
            s.balance,
            s.seed,
            rows_in=inputs.rows.get("notes"),
        ),
        inputs={"notes": inputs.fingerprints["notes"]},
        settings={"read": s.read, "intake": s.intake, "filter": s.filter, "balance": s.balance, "seed": s.seed},
        code=(read_input, kept_notes),
    )


def check_clicks(stages: Stages, inputs: Inputs) -> list[str]:
    """Check that the clicks join the notes, and warn before the pictures are read, which takes longest.

    Clicks that were mined with the same notes before are not checked again.
    """
    clicks, mined = inputs.tables.get("clicks"), stages.workspace.manifest(MINED["co_click"].name)
    sources = stages.fingerprints(NOTES) | {"clicks": inputs.fingerprints.get("clicks", "")}
    if clicks is None or (mined is not None and sources.items() <= mined.inputs.items()):
        return []
    message = clicks_without_notes(clicks, inputs.tables["notes"], stages.read(NOTES), inputs.first_rows.get("clicks"))
    if message is not None:
        log_progress(message)
    return [] if message is None else [message]


def fingerprint_images(stages: Stages, inputs: Inputs, settings: MinePairs) -> None:
    """NOTES and their picture files -> PICTURES, IMAGES."""
    contents = {"images": inputs.fingerprints.get("images", "files")}
    s = settings

    def make() -> list[Output]:
        image_table, earlier = inputs.tables.get("images"), _earlier_pictures(stages, settings)
        return fingerprint_pictures(stages.read(NOTES), image_table, inputs.image_root, earlier, s.fingerprint, s.intake)

    stages.run(
        [PICTURES, IMAGES, REFUSED["images"]],
        make,
        inputs=stages.fingerprints(NOTES) | stages.file_fingerprints(NOTES) | contents | {"image_root": inputs.image_place},
        settings={"fingerprint": s.fingerprint, "intake": s.intake} | ({"read": s.read} if "images" in inputs.tables else {}),
        code=(read_input, fingerprint_pictures),
    )


def match_images(stages: Stages, settings: MinePairs) -> None:
    """PICTURES -> PICTURE_PAIRS, PICTURE_DOUBTS -> near duplicates, crops, VARIANTS."""
    count = stages.workspace.published(PICTURES.name).counts.rows_out
    stages.run(
        [PICTURE_PAIRS, PICTURE_DOUBTS],
        lambda: matched_pictures(stages.read(PICTURES), count, settings.match),
        inputs=stages.fingerprints(PICTURES),
        settings={"match": settings.match},
        code=matched_pictures,
    )
    tables = {name: MINED[name] for name in PICTURE_GRANULARITIES} | {VARIANT: VARIANTS}

    def make() -> list[Output]:
        rows = sum(stages.workspace.published(table.name).counts.rows_out for table in (PICTURE_PAIRS, PICTURE_DOUBTS))
        pairs, doubts = stages.read(PICTURE_PAIRS), stages.read(PICTURE_DOUBTS)
        pairs_of = image_pairs(pairs, doubts, rows, stages.read(IMAGES), settings.match)
        return [pairs_of[name] for name in tables]

    stages.run(
        list(tables.values()),
        make,
        inputs=stages.fingerprints(PICTURE_PAIRS, PICTURE_DOUBTS, IMAGES),
        settings={"match": settings.match},
        code=image_pairs,
    )


def mine_text(stages: Stages, settings: MinePairs) -> None:
    """NOTES -> partial text, TEXT_TIES."""
    stages.run(
        [MINED["partial_text"], TEXT_TIES],
        lambda: shared_passages(stages.read(NOTES), settings.partial_text),
        inputs=stages.fingerprints(NOTES),
        settings={"partial_text": settings.partial_text},
        code=shared_passages,
    )


def mine_clicks(stages: Stages, inputs: Inputs, settings: MinePairs) -> None:
    """NOTES and the input's clicks -> co-click."""

    def make() -> list[Output]:
        return co_click_outputs(
            inputs.tables.get("clicks"), _note_items(stages), settings.co_click, settings.intake, inputs.rows.get("clicks")
        )

    stages.run(
        [MINED["co_click"], REFUSED["clicks"]],
        make,
        inputs=stages.fingerprints(NOTES, IMAGES) | {"clicks": inputs.fingerprints.get("clicks", "none given")},
        settings={"read": settings.read, "co_click": settings.co_click, "intake": settings.intake},
        code=(read_input, co_click_outputs),
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
        code=within_note_pairs,
    )


def collect_refused(stages: Stages) -> None:
    """Refused notes, pictures and clicks -> QUARANTINE."""
    tables = list(REFUSED.values())
    stages.run(
        [QUARANTINE],
        lambda: [quarantined([stages.read(table) for table in tables])],
        inputs=stages.fingerprints(*tables),
        settings={},
        code=quarantined,
    )


def split_components(stages: Stages, settings: MinePairs) -> None:
    """Pairs of notes that share content, VARIANTS and TEXT_TIES -> NOTE_TIES -> COMPONENTS, with their splits."""
    content_pairs = {name: MINED[name] for name in COMPONENT_GRANULARITIES}

    def ties() -> list[Output]:
        pairs = {name: stages.read(table) for name, table in content_pairs.items()}
        return [note_ties(pairs, stages.read(VARIANTS), stages.read(TEXT_TIES))]

    stages.run(
        [NOTE_TIES],
        ties,
        inputs=stages.fingerprints(*content_pairs.values(), VARIANTS, TEXT_TIES),
        settings={},
        code=note_ties,
    )
    stages.run(
        [COMPONENTS],
        lambda: [components(stages.read(NOTES), stages.read(NOTE_TIES), settings.components)],
        inputs=stages.fingerprints(NOTES, NOTE_TIES),
        settings={"components": settings.components},
        code=components,
    )


def assign_positives(stages: Stages) -> None:
    """All pairs and COMPONENTS -> POSITIVES, with the certificate of their splits."""
    mined = positive_sources(stages.workspace)
    if is_outdated(stages.workspace):
        log_progress(
            f"{POSITIVES.name}: {ANNOTATED.name} is of an earlier mining and ignored; run jobs/annotate_images.py again"
        )

    def make() -> list[Output]:
        return [certified_positives([stages.read(table) for table in mined], stages.read(COMPONENTS))]

    stages.run([POSITIVES], make, inputs=stages.fingerprints(COMPONENTS, *mined), settings={}, code=POSITIVES_STEPS)


def list_items(stages: Stages) -> None:
    """POSITIVES -> ITEMS."""
    stages.run(
        [ITEMS],
        lambda: [Output(distinct_items(stages.read(POSITIVES)), dropped_counts(stages.spark, {}))],
        inputs=stages.fingerprints(POSITIVES),
        settings={},
        code=ITEMS_STEPS,
    )


def _note_items(stages: Stages) -> DataFrame:
    return note_items(stages.read(NOTES), stages.read(IMAGES))


def _earlier_pictures(stages: Stages, settings: MinePairs) -> DataFrame | None:
    """PICTURES of the last run, if the same code with the same settings computed them."""
    manifest = stages.workspace.manifest(PICTURES.name)
    if manifest is None or manifest.report != fingerprint_version(settings.fingerprint):
        return None
    return stages.read(PICTURES)
