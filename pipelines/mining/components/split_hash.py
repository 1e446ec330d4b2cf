"""Draws the split of a component from a hash of its id and a seed, and nothing else."""

from pyspark.sql import Column
from pyspark.sql import functions as F

HEX_DIGITS = 13
"""52 bits: a fraction of so many is a double without rounding, in every engine."""


def split(component_id: Column, train: float, validation: float, seed: int) -> Column:
    """'train', 'validation' or 'test', the same for a component in every run of this seed.

    In Python: x = int(sha256(f"{seed} {component_id}").hexdigest()[:13], 16) / 2**52; train
    where x < train, validation where x < train + validation, else test. A note that joins
    later moves no other component.

    Args:
        component_id: string column.
        train: share of the components, 0 to 1.
        validation: likewise.
        seed: enters the hash.
    """
    digest = F.sha2(F.concat(F.lit(f"{seed} "), component_id), 256)
    drawn = F.conv(F.substring(digest, 1, HEX_DIGITS), 16, 10).cast("bigint") / F.lit(float(16**HEX_DIGITS))
    return F.when(drawn < train, "train").when(drawn < train + validation, "validation").otherwise("test")
