"""Which tables of pairs make the positives. Both jobs that publish positives ask here: neither undoes the other's."""

from pipelines.workspace.workspace import Workspace
from schemas.granularity import GRANULARITY_NAMES
from schemas.intermediate import ANNOTATED, MINED
from schemas.table import Table

_WRITERS = ("pipelines.workspace.spark_io", "pipelines.workspace.arrow_io", "pipelines.engines.spark_result_settings")
POSITIVES_STEPS = ("pipelines.mining.components.positives_step", "pipelines.mining.components.assign_split_arrow", *_WRITERS)
"""The step that makes POSITIVES, on Spark and in Arrow: either job gives them the same run id. Named, since no job has both
engines."""
ITEMS_STEPS = ("pipelines.items.spark_columns", "pipelines.mining.components.assign_split_arrow", *_WRITERS)
"""Likewise of ITEMS."""


def united(workspace: Workspace) -> list[Table]:
    """MINED, with ANNOTATED in the place of the within-note pairs where it was made from these very pairs."""
    return [ANNOTATED if name == "within_note" and is_annotated(workspace) else MINED[name] for name in GRANULARITY_NAMES]


def is_annotated(workspace: Workspace) -> bool:
    """Whether ANNOTATED stands there and was made from the current within-note pairs."""
    made, pairs = workspace.manifest(ANNOTATED.name), workspace.manifest(MINED["within_note"].name)
    return made is not None and pairs is not None and made.inputs.get(MINED["within_note"].name) == pairs.fingerprint


def is_outdated(workspace: Workspace) -> bool:
    """Whether ANNOTATED stands there and is of an earlier mining."""
    return workspace.manifest(ANNOTATED.name) is not None and not is_annotated(workspace)
