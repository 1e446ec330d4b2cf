"""Compares near duplicates, crops and families with the truth of a corpus."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from pipelines.sources.sample_corpus.truth.precision_recall import Pairs, TruthMeasure, measure_rows

Images = Mapping[str, Mapping[str, Any]]
"""Rows of truth/images by image_id."""
Aliases = set[frozenset[str]]
"""Pairs of families that look alike by chance: neither correct nor false."""
FamilyVerdict = tuple[str, str, bool]
"""Query image, target image, whether they are of one family."""

NEARLY_WHOLE = "crop80"
"""A crop of this size also counts when it is mined as a near duplicate."""
OVERLAP = 0.5
"""Intersection over union from which a box is correct: the usual bound of detection benchmarks."""


def near_duplicate_rows(images: Images, aliases: Aliases, near: Pairs) -> list[TruthMeasure]:
    """Copies that were paired with a picture of their family, by edit; and colour variants that were not."""
    verdicts = list(_verdicts(images, aliases, near))
    linked = _linked(verdicts)
    elsewhere = _notes_with_a_whole_picture(images)
    parts: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for image_id, truth in images.items():
        if truth["kind"] == "copy" and elsewhere[truth["family"]] - {truth["note_id"]}:
            parts[truth["edit"]][1] += 1
            parts[truth["edit"]][0] += image_id in linked
    rows = measure_rows("near_duplicate_image", parts, sum(v[2] for v in verdicts), len(verdicts))
    variants = [t for t in images.values() if t.get("variant_of") and elsewhere[t["variant_of"]]]
    if variants:
        paired = {frozenset((images[a]["family"], images[b]["family"])) for a, b, is_same in verdicts if not is_same}
        apart = sum(frozenset((t["family"], t["variant_of"])) not in paired for t in variants)
        rows.append(TruthMeasure("near_duplicate_image", "colour variant kept apart", apart, len(variants)))
    return rows


def crop_rows(images: Images, aliases: Aliases, near: Pairs, crops: Pairs) -> list[TruthMeasure]:
    """Crops that were paired with a picture that contains them, by area; and correct boxes."""
    verdicts = list(_verdicts(images, aliases, crops))
    matched = {a for a, _, is_same in verdicts if is_same and images[a]["kind"] == "crop"}
    linked = _linked(_verdicts(images, aliases, near))
    elsewhere = _notes_with_a_whole_picture(images)
    parts: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for image_id, truth in images.items():
        if truth["kind"] == "crop" and elsewhere[truth["family"]]:
            parts[truth["edit"]][1] += 1
            parts[truth["edit"]][0] += image_id in matched or (image_id in linked and truth["edit"] == NEARLY_WHOLE)
    rows = measure_rows("crop", parts, sum(v[2] for v in verdicts), len(verdicts))
    overlaps = list(_overlaps(images, crops))
    return (
        [*rows, TruthMeasure("crop", "box in place", sum(o >= OVERLAP for o in overlaps), len(overlaps))] if overlaps else rows
    )


def family_rows(images: Images, split: Mapping[str, str]) -> list[TruthMeasure]:
    """Families whose notes are all in one split: all of them should be."""
    splits: dict[str, set[str]] = defaultdict(set)
    for truth in images.values():
        if truth["note_id"] in split:
            splits[truth["family"]].add(split[truth["note_id"]])
    return [TruthMeasure("families", "in one split", sum(len(s) == 1 for s in splits.values()), len(splits))]


def _verdicts(images: Images, aliases: Aliases, pairs: Pairs) -> Iterator[FamilyVerdict]:
    """The pairs that the truth can check."""
    for pair in pairs:
        a, b = pair["query"]["image_ids"][0], pair["target"]["image_ids"][0]
        if a not in images or b not in images:
            continue
        families = frozenset((images[a]["family"], images[b]["family"]))
        if len(families) == 1 or families not in aliases:
            yield a, b, len(families) == 1


def _linked(verdicts: Iterator[FamilyVerdict] | list[FamilyVerdict]) -> set[str]:
    return {image_id for a, b, is_same in verdicts if is_same for image_id in (a, b)}


def _notes_with_a_whole_picture(images: Images) -> Mapping[str, set[str]]:
    """Family -> notes with one of its pictures that is no crop."""
    notes: dict[str, set[str]] = defaultdict(set)
    for truth in images.values():
        if truth["kind"] != "crop":
            notes[truth["family"]].add(truth["note_id"])
    return notes


def _overlaps(images: Images, crops: Pairs) -> Iterator[float]:
    """Intersection over union of each correct crop's box with the true one, where the whole picture is unedited."""
    for pair in crops:
        a, b = (images.get(pair[side]["image_ids"][0]) for side in ("query", "target"))
        region = pair["target"]["region"]
        if a and b and region and a["family"] == b["family"] and a["kind"] == "crop" and b["edit"] == "none":
            yield _iou([region[k] for k in ("x0", "y0", "x1", "y1")], a["box"])


def _iou(a: list[float], b: list[float]) -> float:
    """Intersection over union of two boxes x0 y0 x1 y1."""
    wide = max(0.0, min(a[2], b[2]) - max(a[0], b[0]))
    tall = max(0.0, min(a[3], b[3]) - max(a[1], b[1]))
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (a, b)]
    return wide * tall / (sum(areas) - wide * tall)
