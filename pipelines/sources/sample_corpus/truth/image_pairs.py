"""Near duplicates, crops and families against the truth of a corpus."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from pipelines.sources.sample_corpus.truth.precision_recall import Pairs, Row, counted

Images = Mapping[str, Mapping[str, Any]]
"""Rows of truth/images by image_id."""
Aliases = set[frozenset[str]]
"""Pairs of families that look alike on their own: neither right nor wrong."""
Verdict = tuple[str, str, bool]
"""Query image, target image, whether they are of one family."""

NEARLY_WHOLE = "crop80"
"""So large a piece may as well be called a near duplicate."""
OVERLAP = 0.5
"""A box is right when its intersection over union with the true one is this much: the detection benchmarks' usual bound."""


def near_duplicate_rows(images: Images, aliases: Aliases, near: Pairs) -> list[Row]:
    """Copies tied to a picture of their family, by edit; and colour variants that were not."""
    verdicts = list(_judged(images, aliases, near))
    linked = _linked(verdicts)
    elsewhere = _notes_with_a_whole_picture(images)
    parts: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for image_id, truth in images.items():
        if truth["kind"] == "copy" and elsewhere[truth["family"]] - {truth["note_id"]}:
            parts[truth["edit"]][1] += 1
            parts[truth["edit"]][0] += image_id in linked
    rows = counted("near_duplicate_image", parts, sum(v[2] for v in verdicts), len(verdicts))
    variants = [t for t in images.values() if t.get("variant_of") and elsewhere[t["variant_of"]]]
    if variants:
        taken = {frozenset((images[a]["family"], images[b]["family"])) for a, b, right in verdicts if not right}
        apart = sum(frozenset((t["family"], t["variant_of"])) not in taken for t in variants)
        rows.append(Row("near_duplicate_image", "colour variant kept apart", apart, len(variants)))
    return rows


def crop_rows(images: Images, aliases: Aliases, near: Pairs, crops: Pairs) -> list[Row]:
    """Crops tied to a picture that holds them, by area; and boxes that lie right."""
    verdicts = list(_judged(images, aliases, crops))
    found = {a for a, _, right in verdicts if right and images[a]["kind"] == "crop"}
    linked = _linked(_judged(images, aliases, near))
    elsewhere = _notes_with_a_whole_picture(images)
    parts: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for image_id, truth in images.items():
        if truth["kind"] == "crop" and elsewhere[truth["family"]]:
            parts[truth["edit"]][1] += 1
            parts[truth["edit"]][0] += image_id in found or (image_id in linked and truth["edit"] == NEARLY_WHOLE)
    rows = counted("crop", parts, sum(v[2] for v in verdicts), len(verdicts))
    overlaps = list(_overlaps(images, crops))
    return [*rows, Row("crop", "box in place", sum(o >= OVERLAP for o in overlaps), len(overlaps))] if overlaps else rows


def family_rows(images: Images, split: Mapping[str, str]) -> list[Row]:
    """Families whose notes all stand in one split: all of them should."""
    stands: dict[str, set[str]] = defaultdict(set)
    for truth in images.values():
        if truth["note_id"] in split:
            stands[truth["family"]].add(split[truth["note_id"]])
    return [Row("families", "in one split", sum(len(s) == 1 for s in stands.values()), len(stands))]


def _judged(images: Images, aliases: Aliases, pairs: Pairs) -> Iterator[Verdict]:
    """The pairs on which the truth has an opinion."""
    for pair in pairs:
        a, b = pair["query"]["image_ids"][0], pair["target"]["image_ids"][0]
        if a not in images or b not in images:
            continue
        families = frozenset((images[a]["family"], images[b]["family"]))
        if len(families) == 1 or families not in aliases:
            yield a, b, len(families) == 1


def _linked(verdicts: Iterator[Verdict] | list[Verdict]) -> set[str]:
    return {image_id for a, b, right in verdicts if right for image_id in (a, b)}


def _notes_with_a_whole_picture(images: Images) -> Mapping[str, set[str]]:
    """By family: the notes that show it, a crop apart."""
    notes: dict[str, set[str]] = defaultdict(set)
    for truth in images.values():
        if truth["kind"] != "crop":
            notes[truth["family"]].add(truth["note_id"])
    return notes


def _overlaps(images: Images, crops: Pairs) -> Iterator[float]:
    """Intersection over union of each right crop's box with the true one, where the whole picture is as it was."""
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
