"""Draw mined pairs of pictures to be labelled, so many of each tenth of score, and write their sheets.

    .venv/bin/python -m benchmarks.labelled.draw_pairs --workspace W --root IMAGES --out FOLDER [--each 40]

FOLDER/pairs.csv has the digests only; a reader adds a column `label`: copy, crop, variant or different.
"""

import csv
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import duckdb

from benchmarks.labelled.sheets import Side, sheet_arguments, write_sheets

MOST_OF_ONE = 4
"""Pairs that one picture may be in, so that no family of pictures decides a tenth."""
LISTED = """
    select sha256_l, sha256_r, relation, score from (
      select sha256_l, sha256_r, relation, score from read_parquet('{w}/mined/picture_pairs/*.parquet')
      union all select sha256_l, sha256_r, relation, score from read_parquet('{w}/mined/picture_doubts/*.parquet')
      where relation = 'variant')
    order by md5(sha256_l || sha256_r)
"""


def drawn(rows: Sequence[dict[str, Any]], each: int) -> Iterator[dict[str, Any]]:
    """Up to `each` pairs of each tenth of score, variants apart, in the order given."""
    strata: Counter[tuple[bool, int]] = Counter()
    used: Counter[str] = Counter()
    for row in rows:
        stratum = row["relation"] == "variant", min(9, int(row["score"] * 10))
        ends = row["sha256_l"], row["sha256_r"]
        if strata[stratum] < each and all(used[end] < MOST_OF_ONE for end in ends):
            strata[stratum] += 1
            used.update(ends)
            yield row


def main() -> None:
    """Draw, and write."""
    parser = sheet_arguments(__doc__)
    parser.add_argument("--each", type=int, default=40)
    given = parser.parse_args()
    connection = duckdb.connect()
    rows = connection.sql(LISTED.format(w=given.workspace)).df().to_dict("records")
    files = f"{given.workspace}/images/*.parquet"
    uris = dict(connection.sql(f"select sha256, min(uri) from read_parquet('{files}') group by 1").fetchall())
    pairs = list(drawn(rows, given.each))
    pairs.sort(key=lambda row: (row["sha256_l"], row["sha256_r"]))  # tells nothing of score or relation
    sides = [tuple(Side(given.root / uris[row[name]]) for name in ("sha256_l", "sha256_r")) for row in pairs]
    print(len(write_sheets(given.out, sides)), "sheets,", len(pairs), "pairs")
    with (given.out / "pairs.csv").open("w", encoding="utf8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["number", "sha256_l", "sha256_r"])
        writer.writerows([number, row["sha256_l"], row["sha256_r"]] for number, row in enumerate(pairs))


if __name__ == "__main__":
    main()
