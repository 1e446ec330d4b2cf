"""Truth report: precision and recall of a workspace's pairs against the truth of its corpus, as plain counts."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipelines.sources.sample_corpus.truth.image_pairs import crop_rows, family_rows, near_duplicate_rows
from pipelines.sources.sample_corpus.truth.passages import passage_rows
from pipelines.sources.sample_corpus.truth.precision_recall import Pairs, TruthMeasure, measure_rows
from schemas.item import full_text


def truth_report(truth_folder: Path, tables: Mapping[str, pa.Table]) -> list[TruthMeasure]:
    """Compare a workspace with the truth of its corpus.

    Args:
        truth_folder: holds images.parquet, passages.parquet, oddities.parquet, aliases.parquet,
            co_clicks.parquet; a missing file is not reported.
        tables: positives, quarantine, components and notes, as schemas/datasets.py has them.

    Returns:
        A line for each measure, then one for each of its parts. Only kept notes count.
    """
    truth = {path.stem: pq.read_table(path).to_pylist() for path in sorted(truth_folder.glob("*.parquet"))}
    notes = tables["notes"].select(["note_id", "title", "body"]).to_pylist()
    texts = {n["note_id"]: full_text(n["title"], n["body"]) for n in notes}
    split = dict(zip(*(tables["components"][name].to_pylist() for name in ("note_id", "split")), strict=True))
    rows: list[TruthMeasure] = []
    if "images" in truth:
        images = {t["image_id"]: t for t in truth["images"] if t["note_id"] in texts}
        aliases = {frozenset((t["a"], t["b"])) for t in truth.get("aliases", [])}
        near = _pairs(tables, "near_duplicate_image")
        rows += near_duplicate_rows(images, aliases, near)
        rows += crop_rows(images, aliases, near, _pairs(tables, "crop"))
        rows += family_rows(images, split)
    if "passages" in truth:
        rows += passage_rows(truth["passages"], texts, _pairs(tables, "partial_text"))
    if "co_clicks" in truth:
        rows.append(_co_click_row(truth["co_clicks"], split, _pairs(tables, "co_click")))
    if "oddities" in truth:
        rows += _quarantine_rows(truth["oddities"], tables["quarantine"])
    return rows


def _pairs(tables: Mapping[str, pa.Table], granularity: str) -> Pairs:
    positives = tables["positives"]
    rows = positives.filter(pc.equal(positives["granularity"], granularity))
    return list(rows.select(["query", "target"]).to_pylist())


def _co_click_row(truth: Pairs, split: Mapping[str, str], mined: Pairs) -> TruthMeasure:
    """Planted click chains; a pair in two splits is dropped on purpose. Interest has no false pair: no precision."""
    expected = {(t["source_note"], t["target_note"]) for t in truth}
    expected = {(a, b) for a, b in expected if split.get(a) and split.get(a) == split.get(b)}
    pairs = {(p["query"]["note_id"], p["target"]["note_id"]) for p in mined}
    return TruthMeasure("co_click", "", len(expected & pairs), len(expected))


def _quarantine_rows(truth: Pairs, quarantine: pa.Table) -> list[TruthMeasure]:
    """Planted bad rows that are in quarantine with a reason; those without an id of their own are counted by source."""
    refused = [q for q in quarantine.select(["id", "source", "reason"]).to_pylist() if q["reason"]]
    refused_ids = {q["id"] for q in refused}
    nameless = Counter(q["source"] for q in refused if (q["id"] or "row ").startswith("row "))
    parts: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for odd in sorted(truth, key=lambda t: (t.get("source") or "", t["fault"], t["id"] or "")):
        part = parts[odd["fault"]]
        part[1] += 1
        if odd["id"] is not None:
            part[0] += odd["id"] in refused_ids
        elif nameless[odd["source"]]:
            nameless[odd["source"]] -= 1
            part[0] += 1
    return measure_rows("quarantine", parts)
