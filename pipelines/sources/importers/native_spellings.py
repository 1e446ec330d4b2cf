"""Fields of CSV files in DuckDB SQL: null words, and counts as platforms and spreadsheets write them."""

import re
from collections.abc import Sequence

from pipelines.workspace.duckdb import quoting

BLANKS = (
    "\t\n\x0b\x0c\r\x1c\x1d\x1e\x1f \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)
"""What Arrow's utf8_trim_whitespace cuts off."""
UNITS = ((3, "k千"), (4, "w万萬"), (6, "m"))
"""Letters behind a number, and the power of ten that they stand for."""


def text_of_field(column: str, null_words: Sequence[str], *, only_padded: bool) -> str:
    """A text as it stands in the file; null where it is a null word, blanks around it left out.

    Most fields are decided by their first character: what is null begins with a blank or as a null word does. The words are a
    regular expression, since DuckDB makes a join of all rows of an IN with more than a few.

    Args:
        column: quoted.
        null_words: the blank one among them.
        only_padded: DuckDB's reader of CSV has made nulls of null words, but of none with blanks around it.
    """
    blank_first = f"{column} < '!' or ({column} >= '\u0085' and {column} < '\u3001')"  # from the first wide blank to the last
    padded = [f"ends_with({column}, {quoting.text(blank)})" for blank in " \t"]
    letters = [f"starts_with({column}, {quoting.text(letter)})" for letter in dict.fromkeys(w[0] for w in null_words if w)]
    doubtful = " or ".join([blank_first, *(padded if only_padded else letters)])
    absent = f"[{BLANKS}]*({'|'.join(map(re.escape, null_words))})[{BLANKS}]*"
    checked = f"case when not regexp_full_match({column}, {quoting.text(absent)}) then {column} end"
    return f"case when {doubtful} then {checked} else {column} end"


def count_branches(column: str) -> str:
    """WHEN branches for "1.2万", "10万+", "3k", "10+", "1,234" and "201.0": the same numbers as `parse_count` gives.

    Args:
        column: quoted.
    """
    branches = [
        (r"[0-9]{1,18}(\.0?|\+)", f"cast(rtrim(split_part({column}, '.', 1), '+') as bigint)"),
        (r"[0-9]{1,3}(,[0-9]{3}){1,5}", f"cast(replace({column}, ',', '') as bigint)"),
    ]
    for power, letters in UNITS:
        both_cases = "".join(dict.fromkeys(letters + letters.upper()))
        number = f"cast(rtrim({column}, '{both_cases}+') as decimal(38, {power}))"
        pattern = rf"[0-9]{{1,9}}(\.[0-9]{{0,{power}}})?[{both_cases}]\+?"
        branches.append((pattern, f"cast({number} * {10**power} as bigint)"))
    return " ".join(f"when regexp_full_match({column}, {quoting.text(pattern)}) then {sql}" for pattern, sql in branches)
