"""Step: components of notes that ties keep together (duplicates, crops, shared passages, variants), and the split of each."""

import math
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field
from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from pipelines.mining.components.connected_components import Checkpoint, cut_lineage, star_links, with_component
from pipelines.mining.components.cut_large_components import cutter
from pipelines.mining.components.split_hash import split
from pipelines.mining.components.weak_ties import joined_by_weak_ties
from pipelines.workspace.stage_output import Output, dropped_counts
from schemas.errors import SettingsError
from schemas.settings import Seed


@dataclass(frozen=True, slots=True, kw_only=True)
class Components:
    """Settings of `components`."""

    max_component_notes: Annotated[int, Field(ge=1, le=100_000_000)] = 10_000
    """Size cap in notes: a larger component is cut at its weakest ties, unless max_component_share allows more."""
    max_component_share: Annotated[float, Field(ge=0, le=1)] = 0.01
    """Size cap as a share of all notes, 0 to 1; the larger of the two caps holds."""
    max_weak_notes: Annotated[int, Field(ge=1, le=100_000_000)] = 50
    """Notes up to which weak ties (variants, pictures that many notes show) join components; these are cut first."""
    max_weak_share: Annotated[float, Field(ge=0, le=1)] = 0.01
    """The same as a share of all notes, 0 to 1; the larger of the two holds."""
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


def components(notes: DataFrame, ties: DataFrame, settings: Components, checkpoint: Checkpoint = cut_lineage) -> Output:
    """The component and the split of every note, of a note without ties too: COMPONENTS.

    Notes that ties which are not weak connect are a content group, and a component. One above the cap is cut: its ties are kept
    from the strongest down as long as no piece outgrows the cap. Weak ties then join components up to a cap of their own, and
    what they would join beyond it is cut likewise. All pieces are in the split train: what they share (a meme, a viral text)
    must not be in two splits. Cut ties are counted in `dropped`.

    Args:
        notes: note_id of the kept notes, unique.
        ties: NOTE_TIES. A tie to a note that is not kept is ignored.
        settings: caps and splits.
        checkpoint: see `star_links`.

    Cost: that of `star_links`, which runs now, and three counts; a component above a cap is cut in one task, at about 300 bytes
    a tie.
    """
    kept = notes.select("note_id")
    edges = ties.withColumnsRenamed({"note_id_l": "l", "note_id_r": "r"})
    inside = edges.join(kept.toDF("l"), on="l", how="left_semi").join(kept.toDF("r"), on="r", how="left_semi")
    strong = inside.where(~F.col("is_weak"))
    links = star_links(strong, checkpoint)
    count = kept.count()
    cap = max(settings.max_component_notes, math.floor(settings.max_component_share * count))
    weak_cap = max(settings.max_weak_notes, math.floor(settings.max_weak_share * count))
    other_notes = F.col("count")
    large = links.groupBy("parent").count().where(other_notes + 1 > cap).select(F.col("parent").alias("component_id"))
    large_count = large.count()
    membership = with_component(kept, links)
    placed = membership.select("*", F.col("component_id").alias("content_group"), F.lit(False).alias("is_piece"))
    if large_count:
        placed = checkpoint(_with_pieces(membership, strong, large, cap))
    placed = joined_by_weak_ties(placed, inside.where("is_weak"), weak_cap, checkpoint)
    size = F.count("*").over(Window.partitionBy("component_id"))
    drawn = split(F.col("component_id"), settings.train, settings.validation, settings.seed)
    assigned = F.when(F.col("is_piece"), "train").otherwise(drawn)
    rows = placed.select("note_id", "component_id", size.alias("size"), "content_group", assigned.alias("split"))
    above = dropped_counts(kept.sparkSession, {f"components above {cap} notes, cut": large_count})
    return Output(rows, _dropped_edges(edges, placed.select("note_id", "component_id")).union(above))


def _with_pieces(membership: DataFrame, edges: DataFrame, large: DataFrame, cap: int) -> DataFrame:
    """note_id, component_id, content_group, is_piece: notes of large components with their piece, the others as they were."""
    cut = (
        edges.join(membership.toDF("l", "component_id"), on="l", how="inner")
        .join(large, on="component_id", how="left_semi")
        .groupBy("component_id")
        .applyInArrow(cutter(cap), "node string, piece string")
    )
    return membership.join(cut.withColumnRenamed("node", "note_id"), on="note_id", how="left").select(
        "note_id",
        F.coalesce("piece", "component_id").alias("component_id"),
        F.col("component_id").alias("content_group"),
        F.col("piece").isNotNull().alias("is_piece"),
    )


def _dropped_edges(edges: DataFrame, membership: DataFrame) -> DataFrame:
    """The ties that join no two notes of a component, counted by the reason: reason, rows."""
    left, right = membership.toDF("l", "l_component"), membership.toDF("r", "r_component")
    not_kept = F.col("l_component").isNull() | F.col("r_component").isNull()
    cut = F.col("l_component") != F.col("r_component")
    reason = (
        F.when(not_kept, "ties to notes that are not kept")
        .when(cut & F.col("is_weak"), "weak ties (variants, pictures of many notes) between components")
        .when(cut, "weakest ties of components above the cap")
    )
    return (
        edges.join(left, on="l", how="left")
        .join(right, on="r", how="left")
        .select(reason.alias("reason"))
        .where(F.col("reason").isNotNull())
        .groupBy("reason")
        .agg(F.count("*").alias("rows"))
    )
