"""Sums of 1/N that are the same to the bit in whatever order they are added.

A sum of doubles depends on the order of its terms, so on the partitions. Here 1/N is the
integer 2^62 div N, in two bigints so that neither sum can overflow: the high part is below
2^31 and the low part below 2^31, which leaves room for 2^32 terms.
"""

from pyspark.sql import Column
from pyspark.sql import functions as F

HALF = 31
"""Bits in the low part."""


def high(n: Column) -> Column:
    """The upper bits of 2^62 div n; n >= 1."""
    return F.shiftright(_units(n), HALF)


def low(n: Column) -> Column:
    """The lower 31 bits of 2^62 div n."""
    return _units(n).bitwiseAND(F.lit((1 << HALF) - 1))


def total(high: Column, low: Column) -> Column:
    """The sum as a double, from the summed parts; each term is short by less than 2^-62.

    It never falls when either part grows: a part of a sum is never more than the whole.
    """
    return high * F.lit(2.0**-HALF) + low * F.lit(2.0 ** (-2 * HALF))


def _units(n: Column) -> Column:
    one = F.lit(1 << (2 * HALF)).cast("bigint")
    return F.call_function("div", one, n.cast("bigint"))
