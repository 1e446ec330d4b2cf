"""What the gate lets through and what OCR reads: the sample corpus (drawn words known), and folders of photos.

python -m benchmarks.ocr_quality [--notes 400] [--seed 0] [FOLDER of photos ...]

On the sample corpus a picture with drawn words must pass the gate. On photos the reader itself, without a gate, says
which pictures have words: 8 columns or more of letters (a Chinese character counts 2), each line at 0.8 or more.
"""

import argparse
import re
import tempfile
import time
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, TypeVar

import cv2
import numpy as np
import pyarrow.parquet as pq
from PIL import Image, ImageDraw

from pipelines.annotate.ocr import page_text
from pipelines.annotate.picture_pixels import read_picture
from pipelines.annotate.rapidocr_reader import RapidReader
from pipelines.annotate.settings import Ocr, TextGateSettings
from pipelines.annotate.text_detector import TextGate
from pipelines.media.decode import BadPicture, Pixels
from pipelines.sources.sample_corpus.build import Sample, make_sample
from pipelines.sources.sample_corpus.scenes.text_overlay import font

T = TypeVar("T")
COLUMNS = 8
HEIGHTS = (10, 20, 30, 40)
WORDS = ("红烧排骨的做法", "Sunday roast", "周末厨房日记", "How to fix it", "少油少盐更健康")
RECALLS = (1.0, 0.99, 0.98)


class Seen(NamedTuple):
    """What was measured of one picture."""

    gate: float
    gradient: float
    gate_s: float
    gradient_s: float
    ocr_s: float
    text: str


def main() -> None:
    """Print the tables of docs/explanation/algorithms/annotate.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--notes", type=int, default=400)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--side", type=int, default=TextGateSettings().side)
    parser.add_argument("photos", nargs="*", type=Path)
    given = parser.parse_args()
    settings = Ocr(gate=TextGateSettings(side=given.side))
    gate, reader = TextGate(settings.gate), RapidReader(settings)
    with tempfile.TemporaryDirectory() as folder:
        corpus = Path(folder) / "sample"
        make_sample(corpus, Sample(notes=given.notes, seed=given.seed))
        rows = pq.read_table(corpus / "truth" / "images.parquet").to_pylist()
        truth = {row["image_id"]: row["text"] or "" for row in rows}
        files = [file for file in sorted((corpus / "images").iterdir()) if file.stem in truth]
        seen = [measured(file, gate, reader, settings) for file in files]
    labelled = [(one, truth[file.stem]) for one, file in zip(seen, files, strict=True) if one]
    curve("sample corpus", [one for one, _ in labelled], [bool(text) for _, text in labelled])
    accuracy([(one.text, text) for one, text in labelled if text])
    for photos in given.photos:
        found = [measured(file, gate, reader, settings) for file in sorted(photos.iterdir())]
        kept = [one for one in found if one]
        curve(str(photos), kept, [columns(one.text) >= COLUMNS for one in kept])
        lettered(sorted(photos.iterdir()), gate, settings)


def measured(file: Path, gate: TextGate, reader: RapidReader, settings: Ocr) -> Seen | None:
    """One picture; None where it cannot be read."""
    try:
        rgb = read_picture(file.read_bytes(), settings.side)
        (score, gate_s), (gradient, gradient_s) = timed(gate.score, rgb), timed(gradient_score, rgb)
        lines, ocr_s = timed(reader, rgb)
    except BadPicture:
        return None
    return Seen(score, gradient, gate_s, gradient_s, ocr_s, page_text(lines).text or "")


def gradient_score(rgb: np.ndarray) -> float:
    """The gate that was not taken: how dense strong edges are in the densest places of a small grey picture."""
    factor = 256 / max(rgb.shape[:2])
    size = [max(1, round(v * factor)) for v in rgb.shape[1::-1]]
    grey = cv2.resize(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), size, interpolation=cv2.INTER_AREA)
    steps = [np.abs(cv2.Sobel(grey, cv2.CV_32F, *order)) for order in ((1, 0), (0, 1))]
    dense = cv2.blur((np.maximum(*steps) > 150).astype(np.float32), (32, 10))
    return float(np.sort(dense[::4, ::4].ravel())[-20:].mean())


def lettered(files: list[Path], gate: TextGate, settings: Ocr) -> None:
    """Words drawn over the photos with an outline, as covers have them: the share that passes, by the letters' height."""
    passed: dict[int, list[bool]] = {part: [] for part in HEIGHTS}
    for n, file in enumerate(files):
        try:
            image = Image.fromarray(read_picture(file.read_bytes(), settings.side))
        except BadPicture:
            continue
        part, words = HEIGHTS[n % len(HEIGHTS)], WORDS[n // len(HEIGHTS) % len(WORDS)]
        face = font(max(8, image.width // part), 700)
        at = (image.width * 0.08, image.height * (0.1 + 0.7 * (n * 0.618 % 1)))
        edge = max(1, int(face.size) // 10)
        ImageDraw.Draw(image).text(at, words, (255, 255, 255), face, stroke_width=edge, stroke_fill=(40, 30, 40))
        passed[part].append(gate.passes(np.asarray(image)))
    heights = ", ".join(f"1/{part} of the width {np.mean(yes):.2f}" for part, yes in passed.items())
    print(f"  drawn words that pass, letters of {heights}")


def timed(function: Callable[[Pixels], T], rgb: Pixels) -> tuple[T, float]:
    """The result, and the CPU seconds that it took."""
    start = time.process_time()
    return function(rgb), time.process_time() - start


def curve(name: str, seen: list[Seen], words: list[bool]) -> None:
    """Recall and share read of both gates, and what the chosen threshold saves."""
    has = np.array(words)
    gate_ms, gradient_ms, ocr_ms = (1000 * np.mean([getattr(s, k) for s in seen]) for k in ("gate_s", "gradient_s", "ocr_s"))
    print(f"\n{name}: {len(seen)} pictures, {has.sum()} with words; OCR {ocr_ms:.0f} ms a picture")
    for label, ms in (("gate", gate_ms), ("gradient", gradient_ms)):
        scores = np.array([getattr(s, label) for s in seen])
        print(f"  {label}: {ms:.1f} ms, area under the curve {area(scores[has], scores[~has]):.4f}")
        for recall in RECALLS:
            threshold = np.sort(scores[has])[int((1 - recall) * has.sum())]
            wrong = (scores[~has] >= threshold).mean()
            print(f"    recall {recall:.2f}: threshold {threshold:.3f}, {wrong:.3f} of the wordless read")
    passed = np.array([s.gate for s in seen]) >= TextGateSettings().min_score
    reading = sum(s.ocr_s for s, yes in zip(seen, passed, strict=True) if yes)
    gating, whole = sum(s.gate_s for s in seen), sum(s.ocr_s for s in seen)
    print(
        f"  at {TextGateSettings().min_score}: recall {passed[has].mean():.3f}, {passed.mean():.3f} of the pictures read,"
        f" {passed[~has].mean():.3f} of the wordless; {gating:.0f} s of gate + {reading:.0f} s of OCR for {whole:.0f} s"
    )


def area(right: np.ndarray, wrong: np.ndarray) -> float:
    """Area under the curve: how often a right one scores more than a wrong one."""
    more = right[:, None] > wrong[None]
    return float(more.mean() + 0.5 * (right[:, None] == wrong[None]).mean())


def accuracy(pairs: list[tuple[str, str]]) -> None:
    """Character error rate by language, spaces and width apart."""
    for language, has in (("zh", True), ("en", False)):
        chosen = [(fold(a), fold(b)) for a, b in pairs if bool(re.search("[\u4e00-\u9fff]", b)) is has]
        wrong, length = sum(edits(a, b) for a, b in chosen), sum(len(b) for _, b in chosen)
        exact = sum(a == b for a, b in chosen)
        print(f"  {language}: character error rate {wrong / length:.4f} ({wrong} of {length}), {exact} of {len(chosen)} exact")


def fold(text: str) -> str:
    """Without spaces, case and width."""
    return re.sub(r"\s", "", unicodedata.normalize("NFKC", text)).casefold()


def columns(text: str) -> int:
    """Letters and digits, a Chinese one twice."""
    return sum(2 if ord(c) > 0x2E80 else 1 for c in text if c.isalnum())


def edits(a: str, b: str) -> int:
    """Levenshtein distance."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        last, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            last, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, last + (x != y))
    return row[-1]


if __name__ == "__main__":
    main()
