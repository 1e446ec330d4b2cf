"""Files of items and pictures -> files of vectors, one after the other: what is there already is not made again."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import torch

from pipelines.decode import Pixels
from pipelines.encode.chunk import ChunkEncoder
from pipelines.encode.content import BadContent, Content, cut, rgb
from pipelines.encode.encoder import Prepared, Preparer
from pipelines.encode.load import load_encoder, load_preparer
from pipelines.encode.spec import load_spec
from pipelines.encode_job.settings import EncodeItems
from pipelines.workspace.say import say
from schemas.errors import DataError
from schemas.evaluation import ENCODE, VECTORS
from schemas.settings import as_tree
from schemas.training import PICTURES_ENDING

TOLD = "encoder.json"
"""In the folder of vectors: whose they are."""
CHUNK = pa.schema([("item_id", pa.string()), ("note_id", pa.string()), ("pictures", pa.string())])
"""What `ChunkEncoder` passes on."""


def encode_items(settings: EncodeItems) -> str:
    """Encode every file that has no vectors yet; the last words.

    Raises:
        DataError: no items; or `out` holds another encoder's vectors.
    """
    files = sorted(Path(settings.items).glob("*.parquet"))
    if not files:
        raise DataError(
            f"{settings.items}: no *.parquet there; wanted the folder of `python -m uninote_train evaluate --write-items`"
        )
    spec = load_spec(settings.encoder.name, settings.encoder.set, settings.encoder.path)
    torch.set_num_threads(settings.batching.threads)
    preparer = load_preparer(spec)
    encoder = ChunkEncoder(load_encoder(spec, settings.device), settings.batching)
    out = Path(settings.out)
    _mine(out, encoder.model, as_tree(settings.encoder))
    counts: Counter[str] = Counter()
    for n, file in enumerate(files):
        target = out / file.name
        if not target.exists():
            items = pq.read_table(file, schema=ENCODE).column("item").to_pylist()
            pictures = _pictures(file.with_name(file.stem + PICTURES_ENDING), spec.longest_side)
            rows = _encoded(items, [_prepared(preparer, item, pictures) for item in items], encoder)
            pq.write_table(rows, out / f".{file.name}", compression="zstd")
            (out / f".{file.name}").replace(target)
        counts.update(reason or "vectors" for reason in pq.read_table(target, columns=["reason"]).column("reason").to_pylist())
        say(f"encode: {n + 1} of {len(files)} files")
    lines = [f"{counts.pop('vectors', 0):,} vectors of {settings.encoder.name} in {out}"]
    lines += [f"  {count:>9,} items without one: {reason}" for reason, count in counts.most_common()]
    evaluate = f"python -m uninote_train evaluate --vectors {out} --name {Path(settings.encoder.name).stem}"
    return "\n".join([*lines, f"next: {evaluate} --shards SHARDS --out OUT", ""])


def _mine(out: Path, model: str, encoder: Mapping[str, Any]) -> None:
    told = out / TOLD
    if told.exists() and json.loads(told.read_text())["model"] != model:
        raise DataError(f"{out}: holds vectors of another encoder ({told} says which); choose another --out")
    out.mkdir(parents=True, exist_ok=True)
    told.write_text(json.dumps({"model": model, **encoder}, indent=1))


def _pictures(file: Path, longest_side: int) -> dict[str, Pixels | BadContent]:
    with pa.memory_map(str(file)) as mapped:
        table = pa.ipc.open_file(mapped).read_all()
    found: dict[str, Pixels | BadContent] = {}
    for name, content in zip(table.column("image_id").to_pylist(), table.column("content"), strict=True):
        try:
            found[name] = rgb(content.as_py(), longest_side)
        except BadContent as bad:
            found[name] = bad
    return found


def _prepared(
    preparer: Preparer, item: Mapping[str, Any], pictures: Mapping[str, Pixels | BadContent]
) -> Prepared | BadContent:
    shown: list[Pixels] = []
    for name in item["image_ids"]:
        picture = pictures.get(name, BadContent("missing file", name))
        if isinstance(picture, BadContent):
            return picture
        shown.append(picture)
    try:
        if item["kind"] == "crop":
            shown = [cut(pixels, list(item["region"].values())) for pixels in shown]
        return preparer.prepare(Content(kind=item["kind"], images=tuple(shown), text=item["text"]))
    except BadContent as bad:
        return bad


def _encoded(items: Sequence[Mapping[str, Any]], read: list[Prepared | BadContent], encoder: ChunkEncoder) -> pa.Table:
    """VECTORS."""
    names = {"item_id": [i["item_id"] for i in items], "note_id": [i["note_id"] for i in items]}
    rows = encoder(pa.table({**names, "pictures": [""] * len(items)}, schema=CHUNK), read)
    return rows.select(VECTORS.names).cast(VECTORS)
