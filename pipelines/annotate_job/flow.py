"""Annotate pictures: which stage reads which tables, in order. Every decision is in the steps."""

import dataclasses
import os
from collections import Counter
from functools import partial

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.actors.chunks import Work, finished
from pipelines.actors.cluster import Machines
from pipelines.actors.pool import Load, pool
from pipelines.actors.refusals import Limit
from pipelines.annotate.answer import KILLED, NO_TEXT, AnnotationKind, Answer, annotation_rows
from pipelines.annotate.cache import split_by_cache, spread
from pipelines.annotate.chunk import CHUNK, LoadDescriber, LoadFiles, LoadOcr
from pipelines.annotate.describe import Shown
from pipelines.annotate.ocr import ocr_model
from pipelines.annotate.own_words import NO_WORDS, NOT_THE_COVER, OwnWords
from pipelines.annotate.pairs import annotation_pairs
from pipelines.annotate.replace import with_descriptions
from pipelines.annotate_job.settings import AnnotateImages
from pipelines.graph.placed import certified, listed, placed
from pipelines.workspace.arrow_stages import ArrowOutput, ArrowStages
from pipelines.workspace.files import absolute
from pipelines.workspace.plan import Plan
from pipelines.workspace.union import GRAPH_CODE, united
from schemas.mined import ANNOTATED, MINED
from schemas.tables import ANNOTATIONS, COMPONENTS, IMAGES, ITEMS, NOTES, POSITIVES

UNFINISHED = "_chunks"
NO_FAULT = (NO_TEXT, NOT_THE_COVER, NO_WORDS)
"""Reasons for a picture without a text that are no failures."""
ITEMS_CODE = "pipelines.items"
"""Shared by all Spark stages: named here too, so that both jobs give positives the same run id."""
AGAIN = "pairs that within_note has too"


def annotate(stages: ArrowStages, settings: AnnotateImages, machines: Machines) -> None:
    """Every stage of the job, in order."""
    say_what_pictures_show(stages, settings, machines)
    make_pairs(stages, settings)
    place_positives(stages)
    list_items(stages)


def say_what_pictures_show(stages: ArrowStages, settings: AnnotateImages, machines: Machines) -> None:
    """IMAGES and their files -> ANNOTATIONS.

    Raises:
        DataError: too many pictures cannot be read.
    """
    ocr = dataclasses.replace(settings.ocr, threads=1)
    describe = LoadDescriber(settings.describe, os.environ.get("OPENAI_API_KEY"))
    looks = settings.describe.name != "caption"

    def make(_: Plan) -> list[ArrowOutput]:
        images, before = stages.images(), stages.read_or_empty(ANNOTATIONS)
        rows = [_asked(stages, settings, machines, (images, before), ("ocr", ocr_model(ocr), LoadOcr(settings.ocr)))]
        if looks:
            rows.append(_asked(stages, settings, machines, (images, before), ("description", None, describe)))
        else:
            rows.append(_own_words(images, stages.read(NOTES), settings))
        whole = pa.concat_tables(rows).sort_by([(name, "ascending") for name in ANNOTATIONS.key])
        return [ArrowOutput(parts=[whole])]

    stages.run(
        [ANNOTATIONS],
        make,
        inputs=stages.fingerprints(IMAGES, NOTES) | {"ocr": ocr_model(ocr)},
        settings={"ocr": settings.ocr, "describe": settings.describe},
        code=(
            "pipelines.annotate",
            "pipelines.decode",
            "pipelines.decoding",
            "pipelines.picture_file",
            "pipelines.annotate_job",
        ),
    )
    (stages.workspace.folder / ANNOTATIONS.name / UNFINISHED).delete()


def make_pairs(stages: ArrowStages, settings: AnnotateImages) -> None:
    """ANNOTATIONS and the within-note pairs -> ANNOTATED: those pairs with descriptions, and the pairs of the annotations."""

    def make(_: Plan) -> list[ArrowOutput]:
        said = stages.read(ANNOTATIONS)
        replaced = with_descriptions(stages.read(MINED["within_note"]), said, settings.pairs)
        kinds: tuple[AnnotationKind, ...] = ("ocr", "description")
        made = [annotation_pairs(said, stages.read(NOTES), stages.read(IMAGES), kind, settings.pairs) for kind in kinds]
        dropped: Counter[str] = Counter()
        for kind, part in zip(kinds, made, strict=True):
            dropped.update({f"{kind}: {reason}": count for reason, count in part.dropped.items()})
        both = pa.concat_tables([replaced.rows, *[part.rows for part in made]])
        once = _once(both)
        dropped[AGAIN] = len(both) - len(once)
        report = {"described": replaced.replaced, "left": replaced.left, "pairs": sum(len(part.rows) for part in made)}
        return [ArrowOutput(parts=[once], dropped=dropped, report=report)]

    stages.run(
        [ANNOTATED],
        make,
        inputs=stages.fingerprints(MINED["within_note"], ANNOTATIONS, NOTES, IMAGES),
        settings={"pairs": settings.pairs},
        code=(
            "pipelines.annotate",
            "pipelines.decode",
            "pipelines.decoding",
            "pipelines.picture_file",
            "pipelines.annotate_job",
        ),
    )


def place_positives(stages: ArrowStages) -> None:
    """All pairs and COMPONENTS -> POSITIVES: the stage of jobs/mine_pairs.py, with the same run id and the same rows."""
    tables = united(stages.workspace)

    def make(_: Plan) -> list[ArrowOutput]:
        components = stages.read(COMPONENTS)
        done = placed(pa.concat_tables([stages.read(table) for table in tables]), components)
        return [ArrowOutput(parts=[done.rows], dropped=done.dropped, report=certified(done.rows, components))]

    known = stages.fingerprints(COMPONENTS, *tables)
    stages.run([POSITIVES], make, inputs=known, settings={}, code=(ITEMS_CODE, *GRAPH_CODE))


def list_items(stages: ArrowStages) -> None:
    """POSITIVES -> ITEMS: the stage of jobs/mine_pairs.py."""
    stages.run(
        [ITEMS],
        lambda _: [ArrowOutput(parts=[listed(stages.read(POSITIVES))])],
        inputs=stages.fingerprints(POSITIVES),
        settings={},
        code=(ITEMS_CODE,),
    )


def _asked(
    stages: ArrowStages,
    settings: AnnotateImages,
    machines: Machines,
    tables: tuple[pa.Table, pa.Table],
    annotator: tuple[AnnotationKind, str | None, Load],
) -> pa.Table:
    """ANNOTATIONS of every picture by one annotator: what is known of its bytes, and what the pools say of the rest."""
    (images, before), (kind, name, load) = tables, annotator
    actors = pool(LoadFiles(), load, machines)
    try:
        model = name or actors.model()
        split = split_by_cache(images, before, kind, model)
        uris = pa.array([absolute(uri) for uri in split.new.column("uri").to_pylist()], pa.string())
        new = split.new.set_column(split.new.schema.get_field_index("uri"), "uri", uris).select(CHUNK.names).cast(CHUNK)
        size = settings.chunks.pictures
        work = Work(
            stage=f"{ANNOTATIONS.name}: {kind}",
            folder=stages.workspace.folder / ANNOTATIONS.name / UNFINISHED,
            stamp=f"{kind} {model}",
            lost=partial(_lost, kind=kind, model=model),
            check=Limit(
                stage=ANNOTATIONS.name,
                of=len(images),
                most=settings.chunks.max_refused_share,
                setting="chunks.max_refused_share",
                what="pictures could not be annotated",
                mend="look at the uris in 'images'",
                no_fault=NO_FAULT,
            ),
        )
        chunks = [new.slice(begin, size) for begin in range(0, len(new), size)]
        said = pa.concat_tables([ANNOTATIONS.columns.empty_table(), *finished(chunks, actors, work)])
    finally:
        actors.end()
    return pa.concat_tables([split.known, spread(images, said)])


def _lost(rows: pa.Table, kind: AnnotationKind, model: str) -> pa.Table:
    answers = [Answer(reason=KILLED, detail="each time that it was annotated, the last time alone")] * len(rows)
    return annotation_rows(rows.to_pylist(), answers, kind, model)


def _own_words(images: pa.Table, notes: pa.Table, settings: AnnotateImages) -> pa.Table:
    """ANNOTATIONS in the notes' own words: nothing is looked at, so no actors."""
    describer = OwnWords(settings.describe)
    words = {note["note_id"]: note for note in notes.select(["note_id", "title", "body"]).to_pylist()}
    ordered = images.select(["note_id", "position", "image_id", "sha256"]).sort_by(
        [("note_id", "ascending"), ("position", "ascending")]
    )
    pictures = {(row["note_id"], row["image_id"]): row for row in reversed(ordered.to_pylist())}
    covers: dict[str, str] = {row["note_id"]: row["image_id"] for row in reversed(ordered.to_pylist())}
    rows = list(pictures.values())
    shown = [
        Shown(
            title=words[row["note_id"]]["title"],
            body=words[row["note_id"]]["body"],
            first=covers[row["note_id"]] == row["image_id"],
        )
        for row in rows
    ]
    return annotation_rows(rows, describer(shown), "description", describer.model)


def _once(pairs: pa.Table) -> pa.Table:
    """The first of each pair_id, sorted by the key of PAIRS."""
    ids = pairs.column("pair_id").combine_chunks()
    first = pc.equal(pc.index_in(ids, value_set=ids), pa.array(range(len(ids)), pa.int32()))
    return pairs.filter(first).sort_by([(name, "ascending") for name in ANNOTATED.key])
