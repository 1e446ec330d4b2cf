"""Files of items and pictures -> files of vectors, one after the other: what is there already is not made again.

But for the items that have none for a reason that lies with the hour.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import torch

from pipelines.encode.encode_chunk import ChunkEncoder, prepared, side
from pipelines.encode.item_content import BadContent, rgb
from pipelines.encode.load_encoder import load_encoder, load_preparer
from pipelines.encode.preset import EncoderSpec, load_spec
from pipelines.encode.protocol import Prepared, Preparer
from pipelines.flows.encode_items.settings import EncodeItems
from pipelines.items.failure_reasons import Reason
from pipelines.items.row_retries import rows_to_retry, with_answers
from pipelines.media.decode import Pixels
from pipelines.workspace.code_fingerprint import code_fingerprint
from pipelines.workspace.manifest import fingerprint
from pipelines.workspace.progress_line import log_progress
from schemas.errors import DataError
from schemas.evaluation import ENCODE, VECTORS
from schemas.folders import make_folder
from schemas.settings import as_tree
from schemas.shards import PICTURES_ENDING

TOLD = "encoder.json"
"""In the folder of vectors: whose they are."""
MADE_FROM = b"made_from"
"""In a file's schema: `_stamp`."""
CHUNK = pa.schema([("item_id", pa.string()), ("note_id", pa.string()), ("pictures", pa.string())])
"""What `ChunkEncoder` passes on."""


def encode_items(settings: EncodeItems) -> str:
    """Encode every file whose vectors are not there, or were made of other items or by other code; the last words.

    Raises:
        DataError: no items; or `out` holds another encoder's vectors.
    """
    files = sorted(Path(settings.items).glob("*.parquet"))
    if not files:
        raise DataError(
            f"{settings.items}: no *.parquet there; wanted the folder of `python -m uninote_train evaluate --write-items`"
        )
    out = make_folder(Path(settings.out), "--out")
    spec = load_spec(settings.encoder.name, settings.encoder.set, settings.encoder.path)
    torch.set_num_threads(settings.batching.threads)
    preparer = load_preparer(spec)
    encoder = ChunkEncoder(load_encoder(spec, settings.device), settings.batching)
    _mine(out, encoder.model, as_tree(settings.encoder))
    counts: Counter[str] = Counter()
    for n, file in enumerate(files):
        target = out / file.name
        pictures = file.with_name(file.stem + PICTURES_ENDING)
        stamp = _stamp(file, pictures, encoder.model)
        before = pq.read_table(target, schema=VECTORS) if _is_made(target, stamp) else None
        places = None if before is None else rows_to_retry(before, none_refused=False)
        if before is None or places:
            items = pq.read_table(file, schema=ENCODE).column("item").to_pylist()
            asked = items if places is None else [items[n] for n in places]
            rows = _encoded(asked, _read(preparer, asked, pictures, spec), encoder)
            whole = rows if before is None or places is None else with_answers(before, places, rows)
            pq.write_table(whole.replace_schema_metadata({MADE_FROM: stamp}), out / f".{file.name}", compression="zstd")
            (out / f".{file.name}").replace(target)
        counts.update(reason or "vectors" for reason in pq.read_table(target, columns=["reason"]).column("reason").to_pylist())
        log_progress(f"encode: {n + 1} of {len(files)} files")
    lines = [f"{counts.pop('vectors', 0):,} vectors of {settings.encoder.name} in {out}"]
    lines += [f"  {count:>9,} items without one: {reason}" for reason, count in counts.most_common()]
    evaluate = f"python -m uninote_train evaluate --vectors {out} --name {Path(settings.encoder.name).stem}"
    return "\n".join([*lines, f"next: {evaluate} --shards SHARDS --out OUT", ""])


def _mine(out: Path, model: str, encoder: Mapping[str, Any]) -> None:
    told = out / TOLD
    if told.exists() and json.loads(told.read_text())["model"] != model:
        raise DataError(f"{out}: holds vectors of another encoder ({told} says which); choose another --out")
    told.write_text(json.dumps({"model": model, **encoder}, indent=1))


def _stamp(file: Path, pictures: Path, model: str) -> bytes:
    """What a file of vectors follows from: the items, their pictures, the encoder and the code."""
    digests = [hashlib.file_digest(opened, "sha256").hexdigest() for opened in (file.open("rb"), pictures.open("rb"))]
    return fingerprint([*digests, model, code_fingerprint(ChunkEncoder, encode_items)]).encode()


def _is_made(target: Path, stamp: bytes) -> bool:
    return target.exists() and (pq.read_schema(target).metadata or {}).get(MADE_FROM) == stamp


def _read(preparer: Preparer, items: Sequence[Mapping[str, Any]], file: Path, spec: EncoderSpec) -> list[Prepared | BadContent]:
    """What the model takes of each item, or why it cannot be had; each picture is decoded once a size."""
    with pa.memory_map(str(file)) as mapped:
        table = pa.ipc.open_file(mapped).read_all()
    contents = dict(zip(table.column("image_id").to_pylist(), table.column("content"), strict=True))
    decoded: dict[tuple[str, int], Pixels | BadContent] = {}

    def picture(name: str, longest_side: int) -> Pixels | BadContent:
        if (name, longest_side) not in decoded:
            decoded[name, longest_side] = _picture(contents.get(name), name, longest_side)
        return decoded[name, longest_side]

    return [prepared(preparer, item, [picture(i, side(spec, item["kind"])) for i in item["image_ids"]]) for item in items]


def _picture(content: pa.BinaryScalar | None, name: str, longest_side: int) -> Pixels | BadContent:
    if content is None:
        return BadContent(Reason.MISSING_FILE, name)
    try:
        return rgb(content.as_py(), longest_side)
    except BadContent as bad:
        return bad


def _encoded(items: Sequence[Mapping[str, Any]], read: list[Prepared | BadContent], encoder: ChunkEncoder) -> pa.Table:
    """VECTORS."""
    names = {"item_id": [i["item_id"] for i in items], "note_id": [i["note_id"] for i in items]}
    rows = encoder(pa.table({**names, "pictures": [""] * len(items)}, schema=CHUNK), read)
    return rows.select(VECTORS.names).cast(VECTORS)
