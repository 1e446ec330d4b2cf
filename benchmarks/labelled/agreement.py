"""Two readers' labels: how far they agree, and shares with intervals."""

import csv
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

Z = 1.96


def wilson(hits: int, count: int) -> tuple[float, float]:
    """The 95 % interval of a share. Source: Wilson 1927."""
    if not count:
        return 0.0, 1.0
    share, widening = hits / count, Z * Z / count
    middle = (share + widening / 2) / (1 + widening)
    reach = Z * (share * (1 - share) / count + widening / (4 * count)) ** 0.5 / (1 + widening)
    return max(0.0, middle - reach), min(1.0, middle + reach)


def kappa(pairs: Sequence[tuple[str, str]]) -> float:
    """Agreement of two readers beyond chance. Source: Cohen 1960."""
    count = len(pairs)
    first, second = Counter(a for a, _ in pairs), Counter(b for _, b in pairs)
    by_chance = sum(first[label] * second[label] for label in first) / count**2
    agreed = sum(a == b for a, b in pairs) / count
    return (agreed - by_chance) / (1 - by_chance) if by_chance < 1 else 1.0


def read_labels(file: Path) -> list[dict[str, str]]:
    """The rows of a CSV file, one a pair, with columns `reader_a` and `reader_b`."""
    with file.open(encoding="utf8", newline="") as stream:
        return list(csv.DictReader(stream))


def share_line(name: str, hits: Mapping[str, int], count: int) -> str:
    """Name, pairs, and the share of each reader and of both, the last with its interval."""
    low, high = wilson(hits["both"], count)
    shares = "".join(f"{hits[who] / count:9.3f}" for who in ("reader_a", "reader_b", "both"))
    return f"{name:<22}{count:>6}{shares}   ({low:.3f} to {high:.3f})"


HEAD = f"{'':<22}{'pairs':>6}{'reader a':>9}{'reader b':>9}{'both':>9}"
