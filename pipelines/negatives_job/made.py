"""Stage: rule-made negatives, and the items that they add to those that are encoded."""

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.negatives.rule import counterfactuals
from pipelines.negatives_job.settings import MineHardNegatives
from pipelines.workspace.arrow_stages import ArrowOutput, ArrowStages
from pipelines.workspace.plan import Plan
from schemas.mined import PICTURE_PAIRS
from schemas.tables import ANNOTATIONS, COUNTERFACTUALS, IMAGES, ITEMS, NOTES, POSITIVES


def make_counterfactuals(stages: ArrowStages, settings: MineHardNegatives, read: dict[str, str]) -> None:
    """POSITIVES and their notes -> COUNTERFACTUALS."""

    def make(_: Plan) -> list[ArrowOutput]:
        positives = pictured(stages.read(POSITIVES), stages.read_or_empty(ANNOTATIONS))
        made = counterfactuals(
            positives, stages.read(NOTES), stages.read(IMAGES), stages.read(PICTURE_PAIRS), settings.rule, read
        )
        return [ArrowOutput(parts=[made.rows], dropped=made.counts)]

    stages.run(
        [COUNTERFACTUALS],
        make,
        inputs=stages.fingerprints(POSITIVES, NOTES, IMAGES, PICTURE_PAIRS, ANNOTATIONS),
        settings={"rule": settings.rule},
        code=("pipelines.negatives", "pipelines.quotes", "pipelines.negatives_job.made"),
    )


def with_rule_made(stages: ArrowStages, made: pa.Table, encoded: bool) -> tuple[pa.Table, int]:
    """ITEMS with the rule-made ones that are none of them, where they are encoded; and how many are searched."""
    items = stages.read(ITEMS)
    if not encoded or not len(made):
        return items, len(items)
    known = pc.struct_field(items.column("item"), "item_id").combine_chunks()
    new: dict[str, Any] = {item["item_id"]: item for item in made.column("item").to_pylist()}
    split = dict(zip(known.to_pylist(), items.column("split").to_pylist(), strict=True))
    of = dict(
        zip((made.column("query_id")).to_pylist(), pc.struct_field(made.column("item"), "item_id").to_pylist(), strict=True)
    )
    placed = {name: split[query] for query, name in of.items()}
    rows = [{"item": new[name], "split": placed[name]} for name in sorted(new) if name not in split and name in placed]
    return pa.concat_tables([items, pa.Table.from_pylist(rows, ITEMS.columns)]), len(items)


def pictured(positives: pa.Table, annotations: pa.Table) -> pa.Table:
    """POSITIVES in which a text that was read or described in a picture names it: the note without the text is one without it.

    The item itself names no picture, so that an encoder that is given it cannot look; ids stay as they are.
    """
    places: dict[tuple[str, str], list[str]] = {}
    for row in annotations.select(["note_id", "image_id", "text"]).to_pylist():
        if row["text"] is not None:
            places.setdefault((row["note_id"], row["text"]), []).append(row["image_id"])
    if not places:
        return positives
    queries = positives.column("query").to_pylist()
    for query in queries:
        if query["kind"] in ("ocr", "text") and not query["image_ids"]:
            query["image_ids"] = places.get((query["note_id"], query["text"]), [])
    at = positives.schema.get_field_index("query")
    return positives.set_column(at, positives.schema.field(at), pa.array(queries, positives.schema.field(at).type))
