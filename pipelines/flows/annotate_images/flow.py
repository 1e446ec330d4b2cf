"""jobs/annotate_images.py: its stages in order, and the tables that each reads and writes."""

import dataclasses
import os

from pipelines.annotate.annotated_pairs_step import annotated_pairs
from pipelines.annotate.load_describer import describer_files
from pipelines.annotate.ocr import ocr_model
from pipelines.engines.ray.cluster import Machines
from pipelines.flows.annotate_images.annotation_stage import AnnotationPools, annotations, reusable_annotations
from pipelines.flows.annotate_images.settings import AnnotateImages
from pipelines.mining.components.assign_split_arrow import certified_positives, distinct_items
from pipelines.workspace.arrow_stages import ArrowOutput, ArrowStages
from pipelines.workspace.image_root import image_root
from pipelines.workspace.positive_sources import ITEMS_STEPS, POSITIVES_STEPS, positive_sources
from pipelines.workspace.run_folder import HISTORY
from pipelines.workspace.stage_plan import Plan
from pipelines.workspace.unanswered_rows import unanswered
from schemas.datasets import ANNOTATIONS, COMPONENTS, IMAGES, ITEMS, NOTES, POSITIVES
from schemas.intermediate import ANNOTATED, MINED

UNFINISHED = f"{HISTORY}/{ANNOTATIONS.name}/_chunks"


def annotate(stages: ArrowStages, settings: AnnotateImages, machines: Machines) -> None:
    """Every stage of the job, in order."""
    annotate_pictures(stages, settings, machines)
    make_pairs(stages, settings)
    place_positives(stages)
    list_items(stages)


def annotate_pictures(stages: ArrowStages, settings: AnnotateImages, machines: Machines) -> None:
    """IMAGES and their files -> ANNOTATIONS.

    Raises:
        DataError: too many pictures cannot be read.
    """
    unfinished = stages.workspace.folder / UNFINISHED
    chunks = settings.chunks
    pools = AnnotationPools(machines, unfinished, chunks.pictures, chunks.max_refused_share, image_root(stages.workspace))

    def make(_: Plan) -> list[ArrowOutput]:
        run = stages.workspace.manifest(ANNOTATIONS.name)
        earlier = reusable_annotations(stages.read_or_empty(ANNOTATIONS), run, settings.describe)
        key = os.environ.get("OPENAI_API_KEY")
        return [annotations(stages.images(), stages.read(NOTES), earlier, pools, settings.ocr, settings.describe, key)]

    model = {"ocr": ocr_model(dataclasses.replace(settings.ocr, threads=1)), "describe": describer_files(settings.describe)}
    stages.run(
        [ANNOTATIONS],
        make,
        inputs=stages.fingerprints(IMAGES, NOTES) | stages.file_fingerprints(IMAGES) | model | unanswered(stages, ANNOTATIONS),
        settings={"ocr": settings.ocr, "describe": dataclasses.replace(settings.describe, model="")},
        code=annotations,
    )
    unfinished.delete()


def make_pairs(stages: ArrowStages, settings: AnnotateImages) -> None:
    """ANNOTATIONS and the within-note pairs -> ANNOTATED: those pairs with descriptions, and the pairs of the annotations."""

    def make(_: Plan) -> list[ArrowOutput]:
        within_note, annotation_rows, notes, images = (
            stages.read(t) for t in (MINED["within_note"], ANNOTATIONS, NOTES, IMAGES)
        )
        return [annotated_pairs(within_note, annotation_rows, notes, images, settings.pairs)]

    stages.run(
        [ANNOTATED],
        make,
        inputs=stages.fingerprints(MINED["within_note"], ANNOTATIONS, NOTES, IMAGES),
        settings={"pairs": settings.pairs},
        code=annotated_pairs,
    )


def place_positives(stages: ArrowStages) -> None:
    """All pairs and COMPONENTS -> POSITIVES: the stage of jobs/mine_pairs.py, with the same run id and the same rows."""
    tables = positive_sources(stages.workspace)

    def make(_: Plan) -> list[ArrowOutput]:
        return [certified_positives([stages.read(table) for table in tables], stages.read(COMPONENTS))]

    stages.run([POSITIVES], make, inputs=stages.fingerprints(COMPONENTS, *tables), settings={}, code=POSITIVES_STEPS)


def list_items(stages: ArrowStages) -> None:
    """POSITIVES -> ITEMS: the stage of jobs/mine_pairs.py."""
    stages.run(
        [ITEMS],
        lambda _: [ArrowOutput(parts=[distinct_items(stages.read(POSITIVES))])],
        inputs=stages.fingerprints(POSITIVES),
        settings={},
        code=ITEMS_STEPS,
    )
