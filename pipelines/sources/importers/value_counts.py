"""Counts what an import read and could not read, with an example of each."""

from collections import Counter
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.input_tables.settings import IDS
from pipelines.input_tables.values.broken_ids import LOST_DIGITS

EXAMPLE_CHARS = 40
HIDDEN = ("user_id",)
"""Columns whose values are not printed."""


@dataclass(slots=True)
class ValueCounts:
    """Of one table."""

    name: str
    rows: int = 0
    invalid: Counter[str] = field(default_factory=Counter)
    """Our column -> values of which it could not be made."""
    examples: dict[str, str] = field(default_factory=dict)
    dropped: Counter[str] = field(default_factory=Counter)
    """Why lines are no rows -> how many."""

    def add(self, column: str, values: pa.Array | pa.ChunkedArray, invalid: pa.Array) -> None:
        """Count the values that are marked invalid."""
        n = pc.sum(invalid).as_py() or 0
        if n:
            self.invalid[column] += n
            if column not in self.examples and column not in HIDDEN:
                self.examples[column] = str(values.filter(invalid)[0].as_py())[:EXAMPLE_CHARS]

    def merge(self, other: "ValueCounts") -> None:
        """Add the counts of other rows of the same table."""
        self.rows += other.rows
        self.invalid += other.invalid
        self.dropped += other.dropped
        self.examples = other.examples | self.examples

    def lines(self) -> list[str]:
        """What the job prints of the table."""
        counts = [(self.rows, f"{self.name} read")]
        counts += [(n, f"{self.name}: {reason}") for reason, n in sorted(self.dropped.items())]
        for column, n in sorted(self.invalid.items()):
            example = f", such as {self.examples[column]!r}" if column in self.examples else ""
            what = f"{column} {LOST_DIGITS}" if column in IDS else f"values of '{column}' that could not be read"
            counts.append((n, f"{self.name}: {what}{example}"))
        return [f"  {n:>12,}  {text}" for n, text in counts if n]
