"""Rows of a shard -> tensors of a step: unique items, and the indexes of each row's query and candidates."""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor

from schemas.labels import LABEL_TEMPERATURES
from uninote_train.data.sample_order import mix_hash
from uninote_train.data.shard_reader import Row
from uninote_train.models.protocol import Batch, Item, Pictures, Preparer

PICTURE_CHARACTERS = 400
"""Length of a picture in characters when items are sorted by length; it affects only padding."""
NONE = -1
"""Index that marks padding: there is no candidate."""


@dataclass(frozen=True, slots=True)
class SftRows:
    """Rows of a step: b of them, at most k candidates each, over unique queries and documents."""

    ids: tuple[str, ...]
    """pair_id, [b]."""
    queries: Batch
    documents: Batch
    """Positives and candidates."""
    query: Tensor
    """[b] int64, rows of `queries`."""
    candidates: Tensor
    """[b, k] int64, rows of `documents`, the positive first; NONE where a row has fewer."""
    labels: Tensor
    """[b, k] float32, soft labels; NaN where there is none."""
    label_temperature: Tensor
    """[b] float32, what each row's labels are divided by; 1 where it has none."""
    query_name: Tensor
    """[b] int64, a hash of the query's item_id."""
    query_component: Tensor
    """[b] int64, a hash of its component."""
    positive_component: Tensor
    """[b] int64."""
    document_component: Tensor
    """[documents] int64."""
    document_name: Tensor
    """[documents] int64, a hash of the item_id."""


@dataclass(frozen=True, slots=True)
class RlRows:
    """Ranking lists of a step: l of them, at most g candidates each in the true order."""

    ids: tuple[str, ...]
    """list_id, [l]."""
    queries: Batch
    documents: Batch
    query: Tensor
    """[l] int64, rows of `queries`."""
    candidates: Tensor
    """[l, g] int64, rows of `documents`; NONE after a list's end."""
    document_name: Tensor
    """[documents] int64, a hash of the item_id."""
    relevant: Tensor
    """[l] int64: the first `relevant` candidates are relevant, the others are noise."""
    gumbel: Tensor
    """[l, rankings, g] float32, standard Gumbel noise, a function of seed, epoch and list_id."""


@dataclass(frozen=True, slots=True)
class ListsAndPairs:
    """Ranking lists of a step, and rows of SFT that are trained on beside them."""

    lists: RlRows
    pairs: SftRows

    @property
    def ids(self) -> tuple[str, ...]:
        """Of the lists, then of the rows."""
        return (*self.lists.ids, *self.pairs.ids)


Rows = SftRows | RlRows | ListsAndPairs
R = TypeVar("R", bound=SftRows | RlRows)


def rows_to(rows: Rows, device: torch.device | str) -> Rows:
    """A copy on a device."""
    if isinstance(rows, ListsAndPairs):
        return ListsAndPairs(_rows_to(rows.lists, device), _rows_to(rows.pairs, device))
    return _rows_to(rows, device)


def _rows_to(rows: R, device: torch.device | str) -> R:
    fields = {n: getattr(rows, n).to(device) for n in rows.__dataclass_fields__ if n != "ids"}
    return replace(rows, **fields)


def hashed(text: str) -> int:
    """A name as an int64, the same on every machine; any two of a million names collide with a probability of 3e-8."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little", signed=True)


def sft_rows(rows: Sequence[Row], preparer: Preparer, pictures: Callable[[Iterable[Item]], Pictures]) -> SftRows:
    """Rows of SFT as tensors.

    Args:
        rows: of the table SFT.
        preparer: of the model.
        pictures: reads the pictures of items.
    """
    groups = [[row["positive"], *row["candidates"]] for row in rows]
    queries, documents = _unique([r["query"] for r in rows]), _unique([c["item"] for group in groups for c in group])
    pixels = pictures([*queries.items, *documents.items])
    components = {c["item"]["item_id"]: hashed(c["component_id"] or "") for group in groups for c in group}
    labels = [[c["soft_label"] if row["label_from"] else None for c in group] for row, group in zip(rows, groups, strict=True)]
    return SftRows(
        ids=tuple(str(r["pair_id"]) for r in rows),
        queries=preparer.prepare(queries.items, pixels),
        documents=preparer.prepare(documents.items, pixels),
        query=queries.indexes([r["query"] for r in rows]),
        candidates=_padded([documents.indexes([c["item"] for c in group]) for group in groups], NONE),
        labels=_padded([_floats(group) for group in labels], float("nan")),
        label_temperature=torch.tensor([_label_temperature(row) for row in rows]),
        query_name=torch.tensor([hashed(r["query"]["item_id"]) for r in rows]),
        query_component=torch.tensor([hashed(r["component_id"]) for r in rows]),
        positive_component=torch.tensor([hashed(r["positive"]["component_id"] or "") for r in rows]),
        document_component=torch.tensor([components[i["item_id"]] for i in documents.items]),
        document_name=torch.tensor([hashed(i["item_id"]) for i in documents.items]),
    )


def rl_rows(
    rows: Sequence[Row],
    epochs: Sequence[int],
    preparer: Preparer,
    pictures: Callable[[Iterable[Item]], Pictures],
    rankings: int,
    seed: int,
) -> RlRows:
    """Rows of RL as tensors.

    Args:
        rows: of the table RL.
        epochs: [l], the epoch of each row; the noise differs between epochs.
        preparer: of the model.
        pictures: reads the pictures of items.
        rankings: sampled per list; 0: no noise is drawn.
        seed: of the noise.
    """
    groups = [[c["item"] for c in row["candidates"]] for row in rows]
    queries, documents = _unique([r["query"] for r in rows]), _unique([i for group in groups for i in group])
    pixels = pictures([*queries.items, *documents.items])
    candidates = _padded([documents.indexes(group) for group in groups], NONE)
    names = [(seed, epoch, hashed(row["list_id"])) for row, epoch in zip(rows, epochs, strict=True)]
    return RlRows(
        ids=tuple(str(r["list_id"]) for r in rows),
        queries=preparer.prepare(queries.items, pixels),
        documents=preparer.prepare(documents.items, pixels),
        query=queries.indexes([r["query"] for r in rows]),
        candidates=candidates,
        document_name=torch.tensor([hashed(i["item_id"]) for i in documents.items]),
        relevant=torch.tensor([int(r["relevant"]) for r in rows]),
        gumbel=torch.stack([_gumbel(name, rankings, candidates.shape[1]) for name in names]),
    )


@dataclass(frozen=True, slots=True)
class _Unique:
    items: list[Item]
    place: dict[str, int]

    def indexes(self, items: Sequence[Item]) -> Tensor:
        return torch.tensor([self.place[i["item_id"]] for i in items], dtype=torch.int64)


def _unique(items: Sequence[Item]) -> _Unique:
    """Each item once, the shortest first: items of similar length are neighbours, so that mini-batches need little padding."""
    distinct = sorted({i["item_id"]: i for i in items}.values(), key=_length)
    return _Unique(distinct, {i["item_id"]: n for n, i in enumerate(distinct)})


def _length(item: Item) -> tuple[int, str]:
    return len(item["text"] or "") + PICTURE_CHARACTERS * len(item["image_ids"] or ()), item["item_id"]


def _padded(rows: Sequence[Tensor], fill: float) -> Tensor:
    return torch.nn.utils.rnn.pad_sequence(list(rows), batch_first=True, padding_value=fill)


def _floats(values: Sequence[Any]) -> Tensor:
    return torch.tensor([float("nan") if v is None else float(v) for v in values], dtype=torch.float32)


def _label_temperature(row: Row) -> float:
    """The row's own; that of its scale in shards of an earlier version, which have none."""
    return float(row.get("label_temperature") or LABEL_TEMPERATURES.get(row["label_from"] or "", 1.0))


def _gumbel(name: tuple[int, int, int], rankings: int, candidates: int) -> Tensor:
    """[rankings, candidates]; a candidate's noise does not depend on how long the other lists of the step are."""
    draws = mix_hash(
        *(part % 2**64 for part in name), np.arange(rankings, dtype=np.uint64)[:, None], np.arange(candidates, dtype=np.uint64)
    )
    uniform = (np.broadcast_to(draws, (rankings, candidates)) >> np.uint64(11)).astype(np.float64) * 2.0**-53
    return torch.from_numpy(-np.log(-np.log(uniform + 2.0**-54))).float()
