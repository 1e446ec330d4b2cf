"""SHOWN rows -> EMBEDDINGS: what is known under the encoder's fingerprint stays, the rest is encoded by the pools."""

from collections.abc import Iterable, Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.actors.chunks import Work, finished
from pipelines.actors.pool import Pool
from pipelines.actors.refusals import Limit
from pipelines.encode.chunk import NOT_READ, PASSING, embedding_rows
from pipelines.encode.content import BadContent
from pipelines.negatives_job.elements import Shown, chunks
from pipelines.negatives_job.settings import EncoderChoice
from pipelines.workspace.arrow_stages import ArrowOutput, ArrowStages
from pipelines.workspace.manifest import fingerprint
from pipelines.workspace.parquet import read_file
from pipelines.workspace.plan import Plan
from pipelines.workspace.source import code_fingerprint
from schemas.settings import as_tree
from schemas.tables import EMBEDDINGS

UNFINISHED = "_chunks"
"""Beside the dataset's runs; gone once they are published."""
KILLED = "its process died"
ENCODING = (
    "pipelines.encode",
    "pipelines.pretrained",
    "pipelines.decode",
    "pipelines.decoding",
    "pipelines.picture_file",
    "small_encoder",
)


def embed(stages: ArrowStages, actors: Pool, model: str, shown: Shown, settings: EncoderChoice) -> None:
    """Publish the vectors of all rows.

    A chunk's file is named by what goes in and stays until the run is published, so a killed job goes on where it was.

    Raises:
        DataError: too many items have no vector.
    """

    def make(_: Plan) -> list[ArrowOutput]:
        known = Known(stages, model, shown.rows)
        missing = shown.rows.filter(pc.invert(known.among(shown.rows)))
        report = {"encoder": settings.name, "model": model, "known": len(shown.rows) - len(missing), "new": len(missing)}
        done = finished(list(chunks(missing, settings.chunk_items, settings.chunk_pictures)), actors, work)
        return [ArrowOutput(parts=ordered(known.parts(), done), report=report)]

    unfinished = stages.workspace.folder / EMBEDDINGS.name / UNFINISHED
    steering = as_tree(settings.batching) | {"items": settings.chunk_items, "pictures": settings.chunk_pictures}
    work = Work(
        stage=EMBEDDINGS.name,
        folder=unfinished,
        stamp=fingerprint([model, code_fingerprint(*ENCODING), steering]),
        lost=lambda rows: embedding_rows(
            rows, [BadContent(KILLED, "each time that it was encoded, the last time alone")], model
        ),
        check=Limit(
            stage=EMBEDDINGS.name,
            of=len(shown.rows),
            most=settings.max_refused_share,
            setting="encoder.max_refused_share",
            what="items have no vector",
            mend="look at the pictures' uris in 'images'",
            no_fault=(NOT_READ,),
        ),
    )
    stages.run(
        [EMBEDDINGS],
        make,
        inputs={"shown": _digest(shown.rows), "model": model},
        settings={"batching": steering},
        code=(*ENCODING, "pipelines.negatives_job.embed"),
    )
    unfinished.delete()


class Known:
    """The published vectors, in pieces."""

    def __init__(self, stages: ArrowStages, model: str, wanted: pa.Table) -> None:
        """Read which there are; a reason that lies with the hour is none."""
        self._files = stages.workspace.files(EMBEDDINGS.name) if stages.workspace.manifest(EMBEDDINGS.name) else []
        self._model, self._wanted = model, _names(wanted)

    def among(self, rows: pa.Table) -> pa.ChunkedArray:
        """Whether each row has a lasting answer under this model, with these pictures."""
        columns = ["item_id", "note_id", "model", "pictures", "reason"]
        names = [_names(kept) for uri in self._files if len(kept := self._mine(read_file(uri, columns)))]
        known = pa.concat_arrays(names) if names else pa.array([], pa.string())
        return pc.is_in(_names(rows), value_set=known)

    def parts(self) -> Iterator[pa.Table]:
        """The rows that stay: of this model those that are wanted still, of other models all."""
        for uri in self._files:
            rows = read_file(uri).cast(EMBEDDINGS.columns)
            others = rows.filter(pc.not_equal(rows.column("model"), self._model))
            yield _sorted(pa.concat_tables([others, self._mine(rows)]))

    def _mine(self, rows: pa.Table) -> pa.Table:
        mine = rows.filter(pc.equal(rows.column("model"), self._model))
        mine = mine.filter(pc.invert(pc.fill_null(pc.is_in(mine.column("reason"), pa.array(PASSING)), False)))
        return mine.filter(pc.is_in(_names(mine), value_set=self._wanted))


def ordered(one: Iterable[pa.Table], other: Iterable[pa.Table]) -> Iterator[pa.Table]:
    """Two streams of rows, each in the order of EMBEDDINGS' key, as one. A piece of each is held."""
    streams = [iter(one), iter(other)]
    held = [EMBEDDINGS.columns.empty_table()] * 2
    open_ = [True, True]
    while True:
        for side in (0, 1):
            while open_[side] and not len(held[side]):
                piece = next(streams[side], None)
                open_[side] = piece is not None
                held[side] = held[side] if piece is None else piece
        ends = [_keys(rows)[-1].as_py() for rows, more in zip(held, open_, strict=True) if more and len(rows)]
        if not ends:
            yield _sorted(pa.concat_tables(held))
            return
        ready = [pc.less_equal(_keys(rows), min(ends)) for rows in held]
        yield _sorted(pa.concat_tables([rows.filter(now) for rows, now in zip(held, ready, strict=True)]))
        held = [rows.filter(pc.invert(now)) for rows, now in zip(held, ready, strict=True)]


def _names(rows: pa.Table) -> pa.Array:
    joined = pc.binary_join_element_wise(rows.column("item_id"), rows.column("pictures"), "\n")
    return joined.combine_chunks() if isinstance(joined, pa.ChunkedArray) else joined


def _keys(rows: pa.Table) -> pa.ChunkedArray:
    return pc.binary_join_element_wise(*[rows.column(name) for name in EMBEDDINGS.key], "\0")


def _sorted(rows: pa.Table) -> pa.Table:
    return rows.sort_by([(name, "ascending") for name in EMBEDDINGS.key])


def _digest(rows: pa.Table) -> str:
    """A hash of what is encoded."""
    names = np.asarray(_names(rows).to_numpy(zero_copy_only=False), str)
    return fingerprint(fingerprint("\n".join(names.tolist())))
