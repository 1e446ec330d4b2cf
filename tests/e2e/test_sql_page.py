"""Every query of docs/reference/sql.md runs on a mined workspace and gives what the page says."""

import re

import duckdb
import pytest

from tests.conftest import ROOT

PAGE = (ROOT / "docs/reference/sql.md").read_text(encoding="utf8")
QUERIES = re.findall(r"^```sql\n(.*?)^```\n\n```\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def cells(text):
    """What DuckDB prints in a box: two lines of head, then the rows."""
    return [[cell.strip() for cell in line.strip("│").split("│")] for line in text.splitlines() if line.startswith("│")]


def number(cell):
    try:
        return float(cell)
    except ValueError:
        return None


def is_near(found, wanted):
    return found is not None and wanted is not None and found == pytest.approx(wanted, rel=0.05, abs=2)


def test_each_query_has_its_output():
    assert len(QUERIES) == PAGE.count("```sql") > 10


@pytest.mark.parametrize("query", range(len(QUERIES)), ids=lambda k: re.sub(r"\W+", " ", QUERIES[k][0])[:60])
def test_a_query_gives_what_the_page_says(mined, query):
    asked, told = QUERIES[query]
    with duckdb.connect(str(mined[0] / "workspace.duckdb"), read_only=True) as connection:
        found = str(connection.sql(asked))
    here, there = cells(found), cells(told)
    assert [len(row) for row in here] == [len(row) for row in there]
    for row, page in zip(here, there, strict=True):
        for cell, wanted in zip(row, page, strict=True):
            # Another processor rounds the last bits of a correlation otherwise, and a pair at a threshold comes or goes.
            assert cell == wanted or is_near(number(cell), number(wanted)), (row, page)
