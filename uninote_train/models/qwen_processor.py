"""Processors of the Qwen kind without their detours: the same tensors in a quarter of the time.

A processor walks over every prompt to put a picture's tokens in, over every token to say which are a picture's, turns each
picture into PIL's and back, as often as it is shown, and writes every level of grey as two float32 (a picture is a film of
two frames). Here a picture's patches stay bytes, each once, until they are on the model's device (`opened`): an eighth of
what is written, copied to another process and sent to a GPU. Where the processor's answer can be had so, it is; whether it
can is not believed but tried, on a prompt with two pictures, when the processor is loaded.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from uninote_train.models.protocol import Pixels

GRID, PATCHES, TYPES = "image_grid_thw", "pixel_values", "mm_token_type_ids"
PROBE_SIZES = ((40, 90), (64, 64))
Counts = npt.NDArray[np.int64]
"""Tokens of each picture."""


def tensors(processor: Any, texts: Sequence[str], pictures: Sequence[Pixels]) -> dict[str, Tensor]:  # noqa: ANN401
    """What `processor(text=texts, images=pictures, padding=True, return_tensors="pt")` gives, but patches as bytes.

    Args:
        processor: with `image_token`, and an image processor of patches in a grid, `merge_size` squared to a token; padding
            on the right.
        texts: prompts with one image token for each picture.
        pictures: all of them in order; those that are the same object are cut into patches once.

    Returns:
        int64 by token, [texts, longest]; pixel_values [patches, channels x patch x patch] uint8; the grids.
    """
    found: dict[str, Tensor] = {}
    counts = np.zeros(0, np.int64)
    if pictures:
        found = _patches(processor.image_processor, pictures)
        counts = (found[GRID].prod(1) // processor.image_processor.merge_size**2).numpy()
    mark = processor.tokenizer.convert_tokens_to_ids(processor.image_token)
    return {**_tokens(processor.tokenizer, texts, mark, counts), **found}


def opened(images: Any, patches: Tensor) -> Tensor:  # noqa: ANN401  # an image processor
    """Patches as the model takes them, from their bytes.

    Args:
        images: the processor's image processor: its scale, mean and deviation, its frames.
        patches: [n, channels x patch x patch] uint8, on any device.

    Returns:
        [n, channels x frames x patch x patch] float32.
    """
    mean, std, size = tuple(images.image_mean), tuple(images.image_std), images.patch_size
    planes = patches.view(len(patches), len(mean), size, size)
    floats = images.rescale_and_normalize(planes, images.do_rescale, images.rescale_factor, images.do_normalize, mean, std)
    return floats.unsqueeze(2).expand(-1, -1, images.temporal_patch_size, -1, -1).reshape(len(patches), -1)


def fits(processor: Any, prompt: str) -> bool:  # noqa: ANN401
    """Whether `tensors` gives what the processor does, for a prompt with two pictures beside one without any.

    Args:
        processor: any.
        prompt: one that shows two pictures.
    """
    draw = np.random.default_rng(0)
    pictures = [draw.integers(0, 255, (*size, 3), np.uint8) for size in PROBE_SIZES]
    texts = [prompt, "words"]
    try:
        ours = tensors(processor, texts, pictures)
        ours[PATCHES] = opened(processor.image_processor, ours[PATCHES])
        theirs = processor(text=texts, images=pictures, padding=True, return_tensors="pt", input_data_format="channels_last")
    except (AttributeError, KeyError, TypeError, ValueError, RuntimeError):
        return False
    return ours.keys() == set(theirs) and all(torch.equal(t, torch.as_tensor(theirs[key])) for key, t in ours.items())


def _patches(images: Any, pictures: Sequence[Pixels]) -> dict[str, Tensor]:  # noqa: ANN401  # an image processor
    """Grids and patches of the pictures in order, as bytes and of one frame."""
    distinct = {id(p): p for p in pictures}
    planes = [torch.from_numpy(np.ascontiguousarray(p.transpose(2, 0, 1))) for p in distinct.values()]
    told = images(
        images=planes, return_tensors="pt", input_data_format="channels_first",
        do_rescale=False, do_normalize=False, temporal_patch_size=1,
    )  # fmt: skip
    if len(distinct) == len(pictures):
        return {PATCHES: told[PATCHES], GRID: told[GRID]}
    parts = told[PATCHES].split(told[GRID].prod(1).tolist())
    place = {name: n for n, name in enumerate(distinct)}
    order = [place[id(p)] for p in pictures]
    return {PATCHES: torch.cat([parts[n] for n in order]), GRID: told[GRID][order]}


def _tokens(tokenizer: Any, texts: Sequence[str], mark: int, counts: Counts) -> dict[str, Tensor]:  # noqa: ANN401
    """Token rows, padded on the right; each mark as often as its picture has tokens."""
    backend = tokenizer.backend_tokenizer
    backend.no_padding()  # the tokenizer sets it for its own calls, and leaves it
    backend.no_truncation()
    rows = [np.array(told.ids, np.int64) for told in backend.encode_batch_fast(list(texts))]
    times = np.ones(sum(map(len, rows)), np.int64)
    flat = np.concatenate(rows)
    times[flat == mark] = counts
    ends = np.cumsum([len(r) for r in rows])[:-1]
    rows = [np.repeat(r, n) for r, n in zip(rows, np.split(times, ends), strict=True)]
    shape = (len(rows), max(map(len, rows)))
    ids, seen = np.full(shape, tokenizer.pad_token_id, np.int64), np.zeros(shape, np.int64)
    for n, row in enumerate(rows):
        ids[n, : len(row)], seen[n, : len(row)] = row, 1
    kinds = (ids == mark).astype(np.int64)
    return {name: torch.from_numpy(of) for name, of in (("input_ids", ids), ("attention_mask", seen), (TYPES, kinds))}
