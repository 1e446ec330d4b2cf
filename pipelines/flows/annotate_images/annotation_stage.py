"""Step: what pictures show, in words: the text that is read in them, and descriptions -> ANNOTATIONS."""

import dataclasses
from collections.abc import Mapping
from functools import partial
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.annotate.annotate_chunk import CHUNK, LoadDescriber, LoadFiles, LoadOcr
from pipelines.annotate.annotation import AnnotationKind, Answer, annotation_rows
from pipelines.annotate.annotation_cache import split_by_cache, spread
from pipelines.annotate.caption_describer import OwnWords
from pipelines.annotate.load_describer import Describe, Shown, load_describer
from pipelines.annotate.ocr import Ocr, OcrAnnotator, ocr_model
from pipelines.engines.ray.actor_pool import Load, start_pool
from pipelines.engines.ray.chunk_queue import ChunkWork, run_chunks
from pipelines.engines.ray.cluster import Machines
from pipelines.engines.ray.failure_limit import FailureLimit
from pipelines.items.failure_reasons import Reason
from pipelines.media.picture_uri import absolute_uri
from pipelines.workspace.arrow_stages import ArrowOutput
from pipelines.workspace.code_fingerprint import code_fingerprint
from pipelines.workspace.filesystem import Folder
from pipelines.workspace.manifest import Manifest
from pipelines.workspace.progress_line import say
from schemas.datasets import ANNOTATIONS

ANNOTATED_BY = "annotated_by"
"""In the run's report: of each kind the code that made its rows."""

SERVER = "a server"


class Pools(NamedTuple):
    """How pictures are given to actors."""

    machines: Machines
    unfinished: Folder
    """Where finished chunks lie until the run is published."""
    pictures: int
    """Of a chunk."""
    max_refused_share: float
    root: str | None = None
    """The image root, with options for its store."""


class Annotator(NamedTuple):
    """Who is asked."""

    kind: AnnotationKind
    name: str | None
    """Its fingerprint; None: the loaded model has it."""
    load: Load


def annotations(
    images: pa.Table,
    notes: pa.Table,
    before: pa.Table,
    pools: Pools,
    ocr: Ocr,
    describe: Describe,
    api_key: str | None,
) -> ArrowOutput:
    """ANNOTATIONS of all pictures.

    Args:
        images: IMAGES.
        notes: NOTES.
        before: ANNOTATIONS that the same code has made (`made_before`): what they say of the same bytes is not asked again.
        pools: where it is worked.
        ocr: how text is read.
        describe: by whom pictures are described.
        api_key: of a server that describes.

    Raises:
        DataError: too many pictures cannot be annotated.
    """
    reader = Annotator("ocr", ocr_model(dataclasses.replace(ocr, threads=1)), LoadOcr(ocr))
    by = code(describe)
    rows = [_asked(images, before, reader, pools, by["ocr"])]
    if describe.name == "caption":
        rows.append(_own_words(images, notes, describe))
    else:
        looks = Annotator("description", None, LoadDescriber(describe, api_key))
        rows.append(_asked(images, before, looks, pools, by["description"]))
    whole = pa.concat_tables(rows).sort_by([(name, "ascending") for name in ANNOTATIONS.key])
    return ArrowOutput(parts=[whole], report={ANNOTATED_BY: by})


def made_before(rows: pa.Table, run: Manifest | None, describe: Describe) -> pa.Table:
    """The rows of the published ANNOTATIONS that this very code would make again."""
    made: Mapping[str, str] = run.report.get(ANNOTATED_BY, {}) if run else {}
    same = [kind for kind, now in code(describe).items() if made.get(kind) == now]
    return rows.filter(pc.is_in(rows.column("kind"), value_set=pa.array(same, pa.string())))


def code(describe: Describe) -> dict[AnnotationKind, str]:
    """What each kind is said by beside its model; of a server's answers nothing: they cost money, and its name says enough."""
    description = SERVER if describe.name == "server" else code_fingerprint(load_describer)
    return {"ocr": code_fingerprint(OcrAnnotator), "description": description}


def _asked(images: pa.Table, before: pa.Table, annotator: Annotator, pools: Pools, stamp: str) -> pa.Table:
    """ANNOTATIONS of every picture by one annotator: what is known of its bytes, and what the pools say of the rest."""
    kind = annotator.kind
    with start_pool(LoadFiles(pools.root), annotator.load, pools.machines) as actors:
        model = annotator.name or actors.model()
        split = split_by_cache(images, before, kind, model)
        uris = pa.array([absolute_uri(uri) for uri in split.new.column("uri").to_pylist()], pa.string())
        new = split.new.set_column(split.new.schema.get_field_index("uri"), "uri", uris).select(CHUNK.names).cast(CHUNK)
        size = pools.pictures
        work = ChunkWork(
            stage=f"{ANNOTATIONS.name}: {kind}",
            folder=pools.unfinished,
            stamp=f"{kind} {model} {stamp}",
            poison=partial(_lost, kind=kind, model=model),
            check=FailureLimit(
                stage=ANNOTATIONS.name,
                rows=len(images),
                max_share=pools.max_refused_share,
                setting="chunks.max_refused_share",
                problem="pictures could not be annotated",
                advice="check the uris in 'images'",
            ),
        )
        chunks = [new.slice(begin, size) for begin in range(0, len(new), size)]
        if chunks and kind == "description" and (warning := actors.call_first("probe")):
            say(str(warning))
        said = pa.concat_tables([ANNOTATIONS.columns.empty_table(), *run_chunks(chunks, actors, work)])
    return pa.concat_tables([split.known, spread(images, said)])


def _lost(rows: pa.Table, kind: AnnotationKind, model: str) -> pa.Table:
    answers = [Answer(reason=Reason.PROCESS_DIED, detail="each time that it was annotated, the last time alone")] * len(rows)
    return annotation_rows(rows.to_pylist(), answers, kind, model)


def _own_words(images: pa.Table, notes: pa.Table, settings: Describe) -> pa.Table:
    """ANNOTATIONS in the notes' own words: nothing is looked at, so no actors."""
    describer = OwnWords(settings)
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
