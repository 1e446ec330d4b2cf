"""Components: the notes that duplicates, crops and shared passages tie together, and the split of each."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

import pyarrow as pa
from pydantic import Field
from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from pipelines.mining.components.connected_components import Checkpoint, cut_lineage, star_links, with_component
from pipelines.mining.components.cut_large_components import cut
from pipelines.mining.components.split_hash import split
from pipelines.workspace.stage_output import Output, dropped_counts
from schemas.errors import SettingsError
from schemas.settings import Seed


@dataclass(frozen=True, slots=True, kw_only=True)
class Components:
    """Settings of `components`."""

    max_component_notes: Annotated[int, Field(ge=1, le=100_000_000)] = 10_000
    """Notes that a component may always have; a larger one is cut at its weakest edges."""
    max_component_share: Annotated[float, Field(ge=0, le=1)] = 0.01
    """Share of all notes, 0 to 1, that a component may have where that is more."""
    train: Annotated[float, Field(ge=0, le=1)] = 0.9
    """Share of the components in the split train, 0 to 1."""
    validation: Annotated[float, Field(ge=0, le=1)] = 0.05
    """Share of the components in the split validation, 0 to 1."""
    test: Annotated[float, Field(ge=0, le=1)] = 0.05
    """Share of the components in the split test, 0 to 1; the three make 1."""
    seed: Seed = 0
    """Draws the split of each component."""

    def __post_init__(self) -> None:
        """Refuse shares that are not shares, and a cap that no note fits."""
        shares = (self.train, self.validation, self.test)
        if any(not 0 <= s <= 1 for s in shares) or not math.isclose(sum(shares), 1, abs_tol=1e-9):
            raise SettingsError(f"train, validation and test must be from 0 to 1 and make 1 together, found {shares}")
        if self.max_component_notes < 1 or not 0 <= self.max_component_share <= 1:
            found = f"{self.max_component_notes} and {self.max_component_share}"
            raise SettingsError(f"max_component_notes must be at least 1 and max_component_share from 0 to 1, found {found}")


def components(notes: DataFrame, edges: DataFrame, settings: Components, checkpoint: Checkpoint = cut_lineage) -> Output:
    """The component and the split of every note, of a note without edges too: COMPONENTS.

    A component above the cap is cut: its edges are kept from the strongest down as long as
    no piece outgrows the cap. What was cut is counted in `dropped`. All pieces stand in the split
    train: what they share (a meme, a text that went round) must not be in two splits.

    Args:
        notes: note_id of the kept notes, unique.
        edges: l, r (note ids), weight (how sure, 0 to 1). An edge to a note that is not kept is left out.
        settings: cap and splits.
        checkpoint: see `star_links`.

    Cost: that of `star_links`, which runs now, and two counts; a component above the cap is cut in one task,
    at about 300 bytes an edge.
    """
    kept = notes.select("note_id")
    known = edges.join(kept.toDF("l"), on="l", how="left_semi").join(kept.toDF("r"), on="r", how="left_semi")
    links = star_links(known, checkpoint)
    cap = max(settings.max_component_notes, math.floor(settings.max_component_share * kept.count()))
    other_notes = F.col("count")
    large = links.groupBy("parent").count().where(other_notes + 1 > cap).select(F.col("parent").alias("component_id"))
    large_count = large.count()
    placed = with_component(kept, links)
    whole = placed.withColumn("is_piece", F.lit(False))
    if large_count:
        whole = checkpoint(_with_pieces(placed, known, large, cap))
        placed = whole.drop("is_piece")
    size = F.count("*").over(Window.partitionBy("component_id"))
    drawn = split(F.col("component_id"), settings.train, settings.validation, settings.seed)
    of = F.when(F.col("is_piece"), "train").otherwise(drawn)
    rows = whole.select("note_id", "component_id", size.alias("size"), of.alias("split"))
    above = dropped_counts(kept.sparkSession, {f"components above {cap} notes, cut": large_count})
    return Output(rows, _edges_out(edges, placed).union(above))


def _with_pieces(placed: DataFrame, edges: DataFrame, large: DataFrame, cap: int) -> DataFrame:
    """note_id, component_id, is_piece: the notes of large components with their piece, the others as they were."""
    pieces = (
        edges.join(placed.toDF("l", "component_id"), on="l", how="inner")
        .join(large, on="component_id", how="left_semi")
        .groupBy("component_id")
        .applyInArrow(_cutter(cap), "note_id string, piece string")
    )
    return placed.join(pieces, on="note_id", how="left").select(
        "note_id", F.coalesce("piece", "component_id").alias("component_id"), F.col("piece").isNotNull().alias("is_piece")
    )


def _cutter(cap: int) -> Callable[[pa.Table], pa.Table]:
    """`cut`, from and to tables."""

    def pieces_of(component: pa.Table) -> pa.Table:
        weight = component["weight"].to_numpy()
        note_ids, pieces = cut(component["l"].to_pylist(), component["r"].to_pylist(), weight, cap)
        return pa.table({"note_id": pa.array(note_ids, pa.string()), "piece": pa.array(pieces, pa.string())})

    return pieces_of


def _edges_out(edges: DataFrame, placed: DataFrame) -> DataFrame:
    """The edges that tie nothing, counted by the reason."""
    from_, to = placed.toDF("l", "l_component"), placed.toDF("r", "r_component")
    unknown = F.col("l_component").isNull() | F.col("r_component").isNull()
    torn = F.col("l_component") != F.col("r_component")
    reason = F.when(unknown, "edges to notes that are not kept").when(torn, "weakest edges of components above the cap")
    return (
        edges.join(from_, on="l", how="left")
        .join(to, on="r", how="left")
        .select(reason.alias("reason"))
        .where(F.col("reason").isNotNull())
        .groupBy("reason")
        .agg(F.count("*").alias("rows"))
    )
