"""The tables of pairs that form the positives, shared by both jobs that publish them, so that neither reverts the other's."""

from pipelines.workspace.workspace import Workspace
from schemas.granularity import GRANULARITY_NAMES
from schemas.intermediate import ANNOTATED, MINED
from schemas.table import Table

_WRITERS = ("pipelines.workspace.spark_io", "pipelines.workspace.arrow_io", "pipelines.engines.spark_result_settings")
POSITIVES_STEPS = ("pipelines.mining.components.positives_step", "pipelines.mining.components.assign_split_arrow", *_WRITERS)
"""The steps that make POSITIVES, on Spark and in Arrow: both jobs compute the same run id. By name, since no job has both
engines."""
ITEMS_STEPS = ("pipelines.items.spark_columns", "pipelines.mining.components.assign_split_arrow", *_WRITERS)
"""The steps that make ITEMS, likewise."""


def positive_sources(workspace: Workspace) -> list[Table]:
    """List MINED, with ANNOTATED instead of the within-note pairs if it was made from the current ones."""
    return [ANNOTATED if name == "within_note" and is_annotated(workspace) else MINED[name] for name in GRANULARITY_NAMES]


def is_annotated(workspace: Workspace) -> bool:
    """Whether ANNOTATED is published and was made from the current within-note pairs."""
    annotated, pairs = workspace.manifest(ANNOTATED.name), workspace.manifest(MINED["within_note"].name)
    return annotated is not None and pairs is not None and annotated.inputs.get(MINED["within_note"].name) == pairs.fingerprint


def is_outdated(workspace: Workspace) -> bool:
    """Whether ANNOTATED is published but was made from an earlier mining."""
    return workspace.manifest(ANNOTATED.name) is not None and not is_annotated(workspace)
