"""Tables as nobody should write them: each row is read or its line is refused, as pandas and the table's maker count them.

The long form, 2,000 tables: python -m testkit.odd_table_check
"""

import pytest

from testkit.odd_table_check import disagreements
from testkit.odd_tables import odd_table

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("first", range(0, 100, 10))
def test_a_hundred_odd_tables_are_read_as_their_makers_meant_them(tmp_path, first):
    found = {number: disagreements(odd_table(tmp_path / str(number), number)) for number in range(first, first + 10)}
    assert {number: faults for number, faults in found.items() if faults} == {}
