"""Encodes files of items and pictures, one after the other; vectors of an earlier run are reused.

Items without a vector are encoded again if the reason may have gone away (`items.failure_reasons`).
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

from pipelines.encode.encode_chunk import ChunkEncoder, PreparedItems, decoded_side, prepared
from pipelines.encode.load_encoder import backend_code, load_encoder, load_preparer
from pipelines.encode.preset import EncoderSpec, load_spec
from pipelines.encode.protocol import Preparer
from pipelines.flows.encode_items.settings import EncodeItems
from pipelines.items.failure_reasons import Reason
from pipelines.items.row_retries import rows_to_retry, with_answers
from pipelines.media.decode import BadPicture, Decoding, Pixels, decode
from pipelines.workspace.code_fingerprint import code_fingerprint
from pipelines.workspace.manifest import fingerprint
from pipelines.workspace.progress_line import log_progress
from schemas.errors import DataError
from schemas.evaluation import ENCODE, VECTORS
from schemas.folders import make_folder
from schemas.settings import as_tree
from schemas.shards import PICTURES_ENDING

ENCODER_FILE = "encoder.json"
"""A file in the folder of vectors: the encoder that made them."""
STAMP_KEY = b"made_from"
"""Key of `_stamp` in the metadata of a file's schema."""
CHUNK = pa.schema([("item_id", pa.string()), ("note_id", pa.string()), ("pictures", pa.string())])
"""Columns that `ChunkEncoder` passes through."""


def encode_items(settings: EncodeItems) -> str:
    """Encode every file that has no vectors yet, or whose vectors come from other items, another encoder or other code.

    Returns:
        The closing summary.

    Raises:
        DataError: no items; or `out` holds another encoder's vectors.
    """
    files = sorted(Path(settings.items).glob("*.parquet"))
    if not files:
        raise DataError(
            f"{settings.items}: no *.parquet files; expected the folder of `python -m uninote_train evaluate --write-items`"
        )
    out = make_folder(Path(settings.out), "--out")
    spec = load_spec(settings.encoder.name, settings.encoder.set, settings.encoder.path)
    torch.set_num_threads(settings.batching.threads)
    preparer = load_preparer(spec)
    encoder = ChunkEncoder(load_encoder(spec, settings.device), settings.batching)
    _claim(out, encoder.model, as_tree(settings.encoder))
    counts: Counter[str] = Counter()
    for n, file in enumerate(files):
        _encode_file(file, out / file.name, preparer, spec, encoder)
        reasons = pq.read_table(out / file.name, columns=["reason"]).column("reason").to_pylist()
        counts.update(reason or "vectors" for reason in reasons)
        log_progress(f"encode: {n + 1} of {len(files)} files")
    lines = [f"{counts.pop('vectors', 0):,} vectors of {settings.encoder.name} in {out}"]
    lines += [f"  {count:>9,} items without one: {reason}" for reason, count in counts.most_common()]
    evaluate = f"python -m uninote_train evaluate --vectors {out} --name {Path(settings.encoder.name).stem}"
    return "\n".join([*lines, f"next: {evaluate} --shards SHARDS --out OUT", ""])


def _claim(out: Path, model: str, encoder: Mapping[str, Any]) -> None:
    """Write down whose vectors the folder holds.

    Raises:
        DataError: another encoder's.
    """
    file = out / ENCODER_FILE
    if file.exists() and json.loads(file.read_text())["model"] != model:
        raise DataError(f"{out}: holds vectors of another encoder (see {file}); choose another --out")
    file.write_text(json.dumps({"model": model, **encoder}, indent=1))


def _encode_file(file: Path, target: Path, preparer: Preparer, spec: EncoderSpec, encoder: ChunkEncoder) -> None:
    """Write the vectors of a file's items, unless they are up to date; then only those that are to be tried again."""
    pictures = file.with_name(file.stem + PICTURES_ENDING)
    stamp = _stamp(file, pictures, encoder.model, spec)
    earlier = pq.read_table(target, schema=VECTORS) if _is_current(target, stamp) else None
    retries = None if earlier is None else rows_to_retry(earlier, none_refused=False)
    if earlier is not None and not retries:
        return
    items = pq.read_table(file, schema=ENCODE).column("item").to_pylist()
    todo = items if retries is None else [items[n] for n in retries]
    rows = _encoded(todo, _prepared_items(preparer, todo, pictures, spec), encoder)
    whole = rows if earlier is None or retries is None else with_answers(earlier, retries, rows)
    unfinished = target.with_name(f".{target.name}")
    pq.write_table(whole.replace_schema_metadata({STAMP_KEY: stamp}), unfinished, compression="zstd")
    unfinished.replace(target)


def _stamp(file: Path, pictures: Path, model: str, spec: EncoderSpec) -> bytes:
    """Fingerprint of what a file of vectors depends on: the items, their pictures, the encoder and the code."""
    digests = [hashlib.file_digest(opened, "sha256").hexdigest() for opened in (file.open("rb"), pictures.open("rb"))]
    return fingerprint([*digests, model, code_fingerprint(ChunkEncoder, encode_items), backend_code(spec)]).encode()


def _is_current(target: Path, stamp: bytes) -> bool:
    return target.exists() and (pq.read_schema(target).metadata or {}).get(STAMP_KEY) == stamp


def _prepared_items(preparer: Preparer, items: Sequence[Mapping[str, Any]], file: Path, spec: EncoderSpec) -> PreparedItems:
    """The arrays of each item, or why there are none; each picture is decoded once for each size."""
    with pa.memory_map(str(file)) as mapped:
        table = pa.ipc.open_file(mapped).read_all()
    contents = dict(zip(table.column("image_id").to_pylist(), table.column("content"), strict=True))
    decoded: dict[tuple[str, int], Pixels | BadPicture] = {}

    def picture(name: str, longest_side: int) -> Pixels | BadPicture:
        if (name, longest_side) not in decoded:
            decoded[name, longest_side] = _picture(contents.get(name), name, longest_side)
        return decoded[name, longest_side]

    return [
        prepared(preparer, item, [picture(i, decoded_side(spec, item["kind"])) for i in item["image_ids"]]) for item in items
    ]


def _picture(content: pa.BinaryScalar | None, name: str, longest_side: int) -> Pixels | BadPicture:
    if content is None:
        return BadPicture(Reason.MISSING_FILE, name)
    try:
        return decode(content.as_py(), Decoding(working_side=longest_side)).rgb
    except BadPicture as bad:
        return bad


def _encoded(items: Sequence[Mapping[str, Any]], arrays: PreparedItems, encoder: ChunkEncoder) -> pa.Table:
    """Encode items: -> VECTORS."""
    names = {"item_id": [i["item_id"] for i in items], "note_id": [i["note_id"] for i in items]}
    rows = encoder(pa.table({**names, "pictures": [""] * len(items)}, schema=CHUNK), arrays)
    return rows.select(VECTORS.names).cast(VECTORS)
