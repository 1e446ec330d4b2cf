"""Sums of 1/N that are the same to the bit in any order of addition. No engine.

A sum of doubles depends on the order of its terms, so on the partitions. Here 1/N is the
integer 2^62 div N, in two 64-bit integers so that neither sum can overflow: either part is
below 2^31, which leaves room for 2^32 terms.
"""

import numpy as np
import numpy.typing as npt

from pipelines.engines.column_blocks import Ints

HALF = 31
"""Bits in the low part."""


def parts(n: Ints) -> tuple[Ints, Ints]:
    """The upper bits of 2^62 div n, and its lower 31; n >= 2.

    >>> [int(part[0]) for part in parts(np.array([2]))]
    [1073741824, 0]
    """
    units = (1 << (2 * HALF)) // n.astype(np.int64)
    return units >> HALF, units & ((1 << HALF) - 1)


def total(high: Ints, low: Ints) -> npt.NDArray[np.float64]:
    """The sums as doubles, from the summed parts; each term is short by less than 2^-62.

    They never fall when either part grows: a part of a sum is never more than the whole.
    """
    return high * 2.0**-HALF + low * 2.0 ** (-2 * HALF)
