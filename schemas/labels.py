"""Soft labels of training rows: what each scale is divided by, and which rows are labelled wrongly."""

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

LABEL_TEMPERATURES: Mapping[str, float] = MappingProxyType({"similarity": 0.02, "judge": 0.1})
"""By scale (`label_from`): divides the labels before their softmax. Similarities span about a fifth of a judge's 0 to 1."""
POSITIVE_NOT_LARGEST = "positive_not_largest"
"""Key of a split's report: its rows of which a candidate has at least the positive's label."""
MAX_SHARE = 0.01
"""Share of such rows above which a trainer refuses them: their labels teach wrong answers."""


def positive_not_largest(rows: pa.Table) -> int:
    """The number of labelled rows of which a candidate has at least the positive's label.

    Args:
        rows: SFT, or its label_from, and soft_label of positive and candidates.
    """
    candidates = rows.column("candidates").combine_chunks()
    most = np.asarray(pc.struct_field(rows.column("positive"), "soft_label").to_numpy(), np.float64)
    labels = np.asarray(pc.struct_field(candidates.flatten(), "soft_label").to_numpy(zero_copy_only=False), np.float64)
    row = np.asarray(pc.list_parent_indices(candidates), np.int64)
    wrong = np.zeros(len(rows), bool)
    wrong[row[~(labels < most[row])]] = True
    return int((wrong & np.asarray(rows.column("label_from").is_valid(), bool)).sum())
