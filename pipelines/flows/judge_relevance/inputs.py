"""The job's inputs from a workspace: the pairs to judge, the files of their pictures, the component of a query."""

import hashlib
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipelines.flows.judge_relevance.settings import JudgeRelevance
from pipelines.judge.judge_chunk import CHUNK, FILES
from pipelines.judge.select_pairs import PAIRS_TO_JUDGE, PairSelection, select_pairs
from pipelines.media.picture_uri import absolute_uri
from pipelines.workspace.arrow_stages import ArrowStages
from schemas.datasets import COMPONENTS, COUNTERFACTUALS, HARD_NEGATIVES, ITEMS, JUDGEMENTS, POSITIVES
from schemas.inputs import LABELS_IN

EXTRA_PAIRS = pa.schema([PAIRS_TO_JUDGE.field(name) for name in ("query_id", "candidate_id", "source")])
BLANK = "blank "
"""Prefix of the hash of pictures that are replaced by grey ones."""


class WorkspacePictures(NamedTuple):
    """The pictures of a workspace."""

    uris: Mapping[str, str]
    """By image_id."""
    sha256: Mapping[str, str]
    sizes: Mapping[str, tuple[int, int]]
    """Width and height, pixels."""
    content_hash: str
    """A hash of the mined content that the judge gets besides the pictures; "": none."""


def workspace_pictures(stages: ArrowStages, content_hash: str) -> WorkspacePictures:
    """URIs, hashes and sizes of the pictures.

    Args:
        stages: of the workspace.
        content_hash: a hash of the mined content that the judge gets besides them.
    """
    rows = stages.images().select(["image_id", "uri", "sha256", "width", "height"]).to_pylist()
    return WorkspacePictures(
        {row["image_id"]: absolute_uri(row["uri"]) for row in rows},
        {row["image_id"]: row["sha256"] for row in rows},
        {row["image_id"]: (row["width"], row["height"]) for row in rows},
        content_hash,
    )


def select_workspace_pairs(stages: ArrowStages, settings: JudgeRelevance, labels: pa.Table) -> PairSelection:
    """All pairs of this run: those of the cascade, of the labels, and those that were judged before.

    Args:
        stages: of the workspace.
        settings: the cascade's.
        labels: LABELS_IN.
    """
    counterfactuals = stages.read_or_empty(COUNTERFACTUALS).select(["item"])
    items = pa.concat_tables([stages.read(ITEMS).select(["item"]), counterfactuals])
    extra = pa.concat_tables([_extra_pairs(labels, "label"), _extra_pairs(earlier_judgements(stages), "earlier")])
    return select_pairs(stages.read(POSITIVES), stages.read(HARD_NEGATIVES), items, extra, settings.cascade)


def earlier_judgements(stages: ArrowStages) -> pa.Table:
    """The published JUDGEMENTS; none if they are damaged, since this job computes them again."""
    return stages.read(JUDGEMENTS) if stages.workspace.whole(JUDGEMENTS.name) else JUDGEMENTS.columns.empty_table()


def chunk_rows(pairs: pa.Table, pictures: WorkspacePictures, blank: bool = False) -> pa.Table:
    """CHUNK: the pairs with their pictures' files and a hash of their bytes.

    Args:
        pairs: PAIRS or PAIRS_TO_JUDGE.
        pictures: of the workspace.
        blank: whether the judge gets grey pictures.

    Cost: about 10 us a pair.
    """
    files, digests = [], []
    memory: dict[tuple[str, ...], str] = {}
    sides = [pc.struct_field(pairs.column(side), "image_ids").to_pylist() for side in ("query", "candidate")]
    for query, candidate in zip(*sides, strict=True):
        ids = list(dict.fromkeys([*(query or ()), *(candidate or ())]))
        files.append([{"image_id": one, "uri": pictures.uris[one]} for one in ids if one in pictures.uris])
        digest = f"{_digest(query, pictures, memory)}/{_digest(candidate, pictures, memory)}{pictures.content_hash}"
        digests.append(BLANK + digest if blank else digest)
    columns: dict[str, Any] = {name: pairs.column(name) for name in CHUNK.names if name in pairs.column_names}
    columns |= {
        "pictures": pa.array(digests, pa.string()),
        "files": pa.array(files, FILES),
        "blank": pa.array([blank] * len(pairs), pa.bool_()),
    }
    return pa.table([columns[name] for name in CHUNK.names], schema=CHUNK)


def components(stages: ArrowStages, pairs: pa.Table) -> NDArray[np.int64]:
    """[n] a number of the component of each pair's query: pairs of one component are not independent."""
    rows = stages.read(COMPONENTS, ["note_id", "component_id"])
    notes = pc.struct_field(pairs.column("query"), "note_id")
    at = pc.index_in(notes, value_set=rows.column("note_id").combine_chunks())
    names = pc.coalesce(rows.column("component_id").combine_chunks().take(at.combine_chunks()), notes.combine_chunks())
    return np.asarray(names.dictionary_encode().indices, np.int64)


def no_labels() -> pa.Table:
    """LABELS_IN without a row."""
    return LABELS_IN.empty_table()


def _extra_pairs(rows: pa.Table, source: str) -> pa.Table:
    both = rows.select(["query_id", "candidate_id"]).group_by(["query_id", "candidate_id"]).aggregate([])
    return both.append_column("source", pa.array([source] * len(both), pa.string())).cast(EXTRA_PAIRS)


def _digest(image_ids: list[str] | None, pictures: WorkspacePictures, memory: dict[tuple[str, ...], str]) -> str:
    """As EMBEDDINGS.pictures; "" without pictures."""
    key = tuple(image_ids or ())
    if key not in memory:
        hashes = [pictures.sha256[one] for one in key if one in pictures.sha256]
        memory[key] = hashlib.sha256("".join(hashes).encode()).hexdigest()[:16] if hashes else ""
    return memory[key]
