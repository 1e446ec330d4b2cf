"""Step: components of notes that share content (duplicates, crops, shared passages), and the split of each."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

import pyarrow as pa
from pydantic import Field
from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from pipelines.mining.components.connected_components import Checkpoint, cut_lineage, star_links, with_component
from pipelines.mining.components.cut_large_components import cut as cut_component
from pipelines.mining.components.split_hash import split
from pipelines.workspace.stage_output import Output, dropped_counts
from schemas.errors import SettingsError
from schemas.settings import Seed


@dataclass(frozen=True, slots=True, kw_only=True)
class Components:
    """Settings of `components`."""

    max_component_notes: Annotated[int, Field(ge=1, le=100_000_000)] = 10_000
    """Size cap in notes: a larger component is cut at its weakest edges, unless max_component_share allows more."""
    max_component_share: Annotated[float, Field(ge=0, le=1)] = 0.01
    """Size cap as a share of all notes, 0 to 1; the larger of the two caps holds."""
    train: Annotated[float, Field(ge=0, le=1)] = 0.9
    """Share of the components in the split train, 0 to 1."""
    validation: Annotated[float, Field(ge=0, le=1)] = 0.05
    """Share of the components in the split validation, 0 to 1."""
    test: Annotated[float, Field(ge=0, le=1)] = 0.05
    """Share of the components in the split test, 0 to 1; the three make 1."""
    seed: Seed = 0
    """Seed of the hash that draws the split of each component."""

    def __post_init__(self) -> None:
        """Refuse shares outside 0 to 1 or with another sum than 1, and a cap below one note."""
        shares = (self.train, self.validation, self.test)
        if any(not 0 <= s <= 1 for s in shares) or not math.isclose(sum(shares), 1, abs_tol=1e-9):
            raise SettingsError(f"train, validation and test: expected shares from 0 to 1 that sum to 1, got {shares}")
        if self.max_component_notes < 1 or not 0 <= self.max_component_share <= 1:
            caps = f"{self.max_component_notes} and {self.max_component_share}"
            raise SettingsError(f"expected max_component_notes of at least 1 and max_component_share from 0 to 1, got {caps}")


def components(notes: DataFrame, edges: DataFrame, settings: Components, checkpoint: Checkpoint = cut_lineage) -> Output:
    """The component and the split of every note, of a note without edges too: COMPONENTS.

    A component above the cap is cut: its edges are kept from the strongest down as long as
    no piece outgrows the cap. The cut edges are counted in `dropped`. All pieces are in the split
    train: what they share (a meme, a viral text) must not be in two splits.

    Args:
        notes: note_id of the kept notes, unique.
        edges: l, r (note ids), weight (confidence, 0 to 1). An edge to a note that is not kept is ignored.
        settings: cap and splits.
        checkpoint: see `star_links`.

    Cost: that of `star_links`, which runs now, and two counts; a component above the cap is cut in one task,
    at about 300 bytes an edge.
    """
    kept = notes.select("note_id")
    inside = edges.join(kept.toDF("l"), on="l", how="left_semi").join(kept.toDF("r"), on="r", how="left_semi")
    links = star_links(inside, checkpoint)
    cap = max(settings.max_component_notes, math.floor(settings.max_component_share * kept.count()))
    other_notes = F.col("count")
    large = links.groupBy("parent").count().where(other_notes + 1 > cap).select(F.col("parent").alias("component_id"))
    large_count = large.count()
    membership = with_component(kept, links)
    whole = membership.withColumn("is_piece", F.lit(False))
    if large_count:
        whole = checkpoint(_with_pieces(membership, inside, large, cap))
        membership = whole.drop("is_piece")
    size = F.count("*").over(Window.partitionBy("component_id"))
    drawn = split(F.col("component_id"), settings.train, settings.validation, settings.seed)
    assigned = F.when(F.col("is_piece"), "train").otherwise(drawn)
    rows = whole.select("note_id", "component_id", size.alias("size"), assigned.alias("split"))
    above = dropped_counts(kept.sparkSession, {f"components above {cap} notes, cut": large_count})
    return Output(rows, _dropped_edges(edges, membership).union(above))


def _with_pieces(membership: DataFrame, edges: DataFrame, large: DataFrame, cap: int) -> DataFrame:
    """note_id, component_id, is_piece: the notes of large components with their piece, the others as they were."""
    pieces = (
        edges.join(membership.toDF("l", "component_id"), on="l", how="inner")
        .join(large, on="component_id", how="left_semi")
        .groupBy("component_id")
        .applyInArrow(_cutter(cap), "note_id string, piece string")
    )
    return membership.join(pieces, on="note_id", how="left").select(
        "note_id", F.coalesce("piece", "component_id").alias("component_id"), F.col("piece").isNotNull().alias("is_piece")
    )


def _cutter(cap: int) -> Callable[[pa.Table], pa.Table]:
    """`cut_large_components.cut`, from and to tables."""

    def pieces_of(component: pa.Table) -> pa.Table:
        weight = component["weight"].to_numpy()
        note_ids, pieces = cut_component(component["l"].to_pylist(), component["r"].to_pylist(), weight, cap)
        return pa.table({"note_id": pa.array(note_ids, pa.string()), "piece": pa.array(pieces, pa.string())})

    return pieces_of


def _dropped_edges(edges: DataFrame, membership: DataFrame) -> DataFrame:
    """The edges that join no two notes of a component, counted by the reason: reason, rows."""
    left, right = membership.toDF("l", "l_component"), membership.toDF("r", "r_component")
    not_kept = F.col("l_component").isNull() | F.col("r_component").isNull()
    cut = F.col("l_component") != F.col("r_component")
    reason = F.when(not_kept, "edges to notes that are not kept").when(cut, "weakest edges of components above the cap")
    return (
        edges.join(left, on="l", how="left")
        .join(right, on="r", how="left")
        .select(reason.alias("reason"))
        .where(F.col("reason").isNotNull())
        .groupBy("reason")
        .agg(F.count("*").alias("rows"))
    )
