"""Stage: the text in pictures, and descriptions of them -> ANNOTATIONS."""

import dataclasses
from collections.abc import Mapping
from functools import partial
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.annotate.annotate_chunk import CHUNK, LoadDescriber, LoadOcr, LoadPictureFileReader
from pipelines.annotate.annotation import Annotation, AnnotationKind, annotation_rows
from pipelines.annotate.annotation_cache import split_by_cache, to_every_note
from pipelines.annotate.caption_describer import CaptionDescriber
from pipelines.annotate.load_describer import load_describer
from pipelines.annotate.ocr import OcrAnnotator, ocr_model
from pipelines.annotate.protocol import NotePicture
from pipelines.annotate.settings import Describe, Ocr
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
from pipelines.workspace.progress_line import log_progress
from schemas.datasets import ANNOTATIONS

ANNOTATED_BY = "annotated_by"
"""Key of the run's report: for each kind, the fingerprint of the code that computed its rows."""

SERVER = "a server"


class AnnotationPools(NamedTuple):
    """The actor pools, and how pictures are divided among them."""

    machines: Machines
    unfinished: Folder
    """The folder of finished chunks until the run is published."""
    pictures: int
    """Pictures per chunk."""
    max_refused_share: float
    root: str | None = None
    """The image root, with options for its store."""


class Annotator(NamedTuple):
    """One kind of annotation, and how actors load its model."""

    kind: AnnotationKind
    name: str | None
    """Name and fingerprint; None: only the loaded model knows it."""
    load: Load


def annotations(
    images: pa.Table,
    notes: pa.Table,
    earlier: pa.Table,
    pools: AnnotationPools,
    ocr: Ocr,
    describe: Describe,
    api_key: str | None,
) -> ArrowOutput:
    """ANNOTATIONS of all pictures.

    Args:
        images: IMAGES.
        notes: NOTES.
        earlier: ANNOTATIONS by the same code (`reusable_annotations`); pictures with the same bytes are not annotated again.
        pools: the actor pools.
        ocr: settings of OCR.
        describe: settings of the descriptions.
        api_key: of the server that describes.

    Raises:
        DataError: too many pictures cannot be annotated.
    """
    reader = Annotator("ocr", ocr_model(dataclasses.replace(ocr, threads=1)), LoadOcr(ocr))
    code = annotator_code(describe)
    rows = [_annotate(images, earlier, reader, pools, code["ocr"])]
    if describe.name == "caption":
        rows.append(_captions(images, notes, describe))
    else:
        describer = Annotator("description", None, LoadDescriber(describe, api_key))
        rows.append(_annotate(images, earlier, describer, pools, code["description"]))
    whole = pa.concat_tables(rows).sort_by([(name, "ascending") for name in ANNOTATIONS.key])
    return ArrowOutput(parts=[whole], report={ANNOTATED_BY: code})


def reusable_annotations(rows: pa.Table, run: Manifest | None, describe: Describe) -> pa.Table:
    """The rows of the published ANNOTATIONS that were computed by the current code."""
    published_code: Mapping[str, str] = run.report.get(ANNOTATED_BY, {}) if run else {}
    same = [kind for kind, current in annotator_code(describe).items() if published_code.get(kind) == current]
    return rows.filter(pc.is_in(rows.column("kind"), value_set=pa.array(same, pa.string())))


def annotator_code(describe: Describe) -> dict[AnnotationKind, str]:
    """For each kind, the fingerprint of its code. A server has none: its answers cost money, and its model's name is enough."""
    description = SERVER if describe.name == "server" else code_fingerprint(load_describer)
    return {"ocr": code_fingerprint(OcrAnnotator), "description": description}


def _annotate(images: pa.Table, earlier: pa.Table, annotator: Annotator, pools: AnnotationPools, stamp: str) -> pa.Table:
    """ANNOTATIONS of every picture by one annotator: from the cache by the picture's bytes, the rest from the actors."""
    kind = annotator.kind
    with start_pool(LoadPictureFileReader(pools.root), annotator.load, pools.machines) as actors:
        model = annotator.name or actors.model()
        lookup = split_by_cache(images, earlier, kind, model)
        uris = pa.array([absolute_uri(uri) for uri in lookup.new.column("uri").to_pylist()], pa.string())
        new = lookup.new.set_column(lookup.new.schema.get_field_index("uri"), "uri", uris).select(CHUNK.names).cast(CHUNK)
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
                advice="check the URIs in the dataset 'images'",
            ),
        )
        chunks = [new.slice(begin, size) for begin in range(0, len(new), size)]
        if chunks and kind == "description" and (warning := actors.call_first("probe")):
            log_progress(str(warning))
        annotated = pa.concat_tables([ANNOTATIONS.columns.empty_table(), *run_chunks(chunks, actors, work)])
    return pa.concat_tables([lookup.cached, to_every_note(images, annotated)])


def _lost(rows: pa.Table, kind: AnnotationKind, model: str) -> pa.Table:
    died = Annotation(reason=Reason.PROCESS_DIED, detail="in every attempt; the last attempt had this picture alone")
    return annotation_rows(rows.to_pylist(), [died] * len(rows), kind, model)


def _captions(images: pa.Table, notes: pa.Table, settings: Describe) -> pa.Table:
    """ANNOTATIONS copied from the notes' text: no picture is read, so there are no actors."""
    describer = CaptionDescriber(settings)
    note_text = {note["note_id"]: note for note in notes.select(["note_id", "title", "body"]).to_pylist()}
    ordered = images.select(["note_id", "position", "image_id", "sha256"]).sort_by(
        [("note_id", "ascending"), ("position", "ascending")]
    )
    pictures = {(row["note_id"], row["image_id"]): row for row in reversed(ordered.to_pylist())}
    covers: dict[str, str] = {row["note_id"]: row["image_id"] for row in reversed(ordered.to_pylist())}
    rows = list(pictures.values())
    described = [
        NotePicture(
            title=note_text[row["note_id"]]["title"],
            body=note_text[row["note_id"]]["body"],
            is_cover=covers[row["note_id"]] == row["image_id"],
        )
        for row in rows
    ]
    return annotation_rows(rows, describer(described), "description", describer.model)
