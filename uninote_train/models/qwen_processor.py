"""A fast path for processors of the Qwen kind: the same tensors in a quarter of the time.

A processor scans every prompt to insert a picture's tokens and every token to mark those of pictures, converts each picture to
PIL and back every time it occurs, and stores every pixel value as two float32 (a picture is a film of two frames). Here a
picture's patches stay bytes, once per picture, until they are on the model's device (`patches_to_floats`): an eighth of the
bytes to write, copy to another process and send to a GPU. The fast path is used only where it gives the processor's result,
which is checked on a prompt with two pictures when the processor is loaded (`matches_processor`).
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


def processor_tensors(processor: Any, texts: Sequence[str], pictures: Sequence[Pixels]) -> dict[str, Tensor]:  # noqa: ANN401
    """The result of `processor(text=texts, images=pictures, padding=True, return_tensors="pt")`, but with patches as bytes.

    Args:
        processor: has an `image_token`, an image processor that makes a grid of patches, `merge_size` squared per token, and
            pads on the right.
        texts: prompts with one image token for each picture.
        pictures: of all prompts, in order; an object that occurs several times is cut into patches once.

    Returns:
        int64 by token, [texts, longest]; pixel_values [patches, channels x patch x patch] uint8; the grids.
    """
    image_tensors: dict[str, Tensor] = {}
    counts = np.zeros(0, np.int64)
    if pictures:
        image_tensors = _patches(processor.image_processor, pictures)
        counts = (image_tensors[GRID].prod(1) // processor.image_processor.merge_size**2).numpy()
    mark = processor.tokenizer.convert_tokens_to_ids(processor.image_token)
    return {**_tokens(processor.tokenizer, texts, mark, counts), **image_tensors}


def patches_to_floats(images: Any, patches: Tensor) -> Tensor:  # noqa: ANN401  # an image processor
    """Convert patches from bytes to the model's float input.

    Args:
        images: the image processor: its scale, mean, standard deviation and number of frames are used.
        patches: [n, channels x patch x patch] uint8, on any device.

    Returns:
        [n, channels x frames x patch x patch] float32.
    """
    mean, std, size = tuple(images.image_mean), tuple(images.image_std), images.patch_size
    planes = patches.view(len(patches), len(mean), size, size)
    floats = images.rescale_and_normalize(planes, images.do_rescale, images.rescale_factor, images.do_normalize, mean, std)
    return floats.unsqueeze(2).expand(-1, -1, images.temporal_patch_size, -1, -1).reshape(len(patches), -1)


def matches_processor(processor: Any, prompt: str) -> bool:  # noqa: ANN401
    """Whether `processor_tensors` equals the processor's result, for a prompt with two pictures and one without any.

    Args:
        processor: any.
        prompt: a prompt with two pictures.
    """
    draw = np.random.default_rng(0)
    pictures = [draw.integers(0, 255, (*size, 3), np.uint8) for size in PROBE_SIZES]
    texts = [prompt, "words"]
    try:
        ours = processor_tensors(processor, texts, pictures)
        ours[PATCHES] = patches_to_floats(processor.image_processor, ours[PATCHES])
        theirs = processor(text=texts, images=pictures, padding=True, return_tensors="pt", input_data_format="channels_last")
    except (AttributeError, KeyError, TypeError, ValueError, RuntimeError):
        return False
    return ours.keys() == set(theirs) and all(torch.equal(t, torch.as_tensor(theirs[key])) for key, t in ours.items())


def _patches(images: Any, pictures: Sequence[Pixels]) -> dict[str, Tensor]:  # noqa: ANN401  # an image processor
    """Grids and patches of the pictures in order, as bytes of a single frame."""
    distinct = {id(p): p for p in pictures}
    planes = [torch.from_numpy(np.ascontiguousarray(p.transpose(2, 0, 1))) for p in distinct.values()]
    encoded = images(
        images=planes, return_tensors="pt", input_data_format="channels_first",
        do_rescale=False, do_normalize=False, temporal_patch_size=1,
    )  # fmt: skip
    if len(distinct) == len(pictures):
        return {PATCHES: encoded[PATCHES], GRID: encoded[GRID]}
    parts = encoded[PATCHES].split(encoded[GRID].prod(1).tolist())
    position = {key: n for n, key in enumerate(distinct)}
    order = [position[id(p)] for p in pictures]
    return {PATCHES: torch.cat([parts[n] for n in order]), GRID: encoded[GRID][order]}


def _tokens(tokenizer: Any, texts: Sequence[str], mark: int, counts: Counts) -> dict[str, Tensor]:  # noqa: ANN401
    """Token rows, padded on the right; each image token is repeated once per token of its picture."""
    backend = tokenizer.backend_tokenizer
    backend.no_padding()  # the tokenizer sets it in its own calls and does not reset it
    backend.no_truncation()
    rows = [np.array(encoding.ids, np.int64) for encoding in backend.encode_batch_fast(list(texts))]
    times = np.ones(sum(map(len, rows)), np.int64)
    flat = np.concatenate(rows)
    times[flat == mark] = counts
    ends = np.cumsum([len(r) for r in rows])[:-1]
    rows = [np.repeat(r, n) for r, n in zip(rows, np.split(times, ends), strict=True)]
    shape = (len(rows), max(map(len, rows)))
    ids, mask = np.full(shape, tokenizer.pad_token_id, np.int64), np.zeros(shape, np.int64)
    for n, row in enumerate(rows):
        ids[n, : len(row)], mask[n, : len(row)] = row, 1
    kinds = (ids == mark).astype(np.int64)
    return {name: torch.from_numpy(array) for name, array in (("input_ids", ids), ("attention_mask", mask), (TYPES, kinds))}
