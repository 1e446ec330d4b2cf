"""Formats by the endings of names."""

from typing import Literal

FormatName = Literal["parquet", "csv", "json", "arrow"]
FORMATS: dict[str, FormatName] = {
    "parquet": "parquet",
    "parq": "parquet",
    "pq": "parquet",
    "json": "json",
    "jsonl": "json",
    "ndjson": "json",
    "csv": "csv",
    "tsv": "csv",
    "tab": "csv",
    "psv": "csv",
    "arrow": "arrow",
    "feather": "arrow",
    "ipc": "arrow",
}
COMPRESSED = {"gz", "gzip", "bz2", "zst", "zstd", "xz", "lz4", "zip", "snappy", "deflate", "lzo", "br"}
DELIMITERS = {"tsv": "\t", "tab": "\t", "psv": "|"}
BESIDE = {"dataset_info.json", "dataset_infos.json", "dataset_dict.json", "state.json", "manifest.json", "success.json"}
"""Files that datasets and other tools write beside their tables; also img2dataset's *_stats.json and Redshift's manifests."""


def format_of_name(name: str) -> FormatName | None:
    """The format that a name's ending says, a compression's ending left out.

    >>> [format_of_name(n) for n in ("a.jsonl.gz", "part-0.snappy.parquet", "x.parquet.md5", "README.md", "part-00000")]
    ['json', 'parquet', None, None, None]
    """
    endings = _endings(name)
    return FORMATS.get(endings[-1]) if endings else None


def has_ending(name: str) -> bool:
    """Whether a name ends with letters behind a dot. Hive's 000000_0 and Spark's part-00000-….c000 do not count as one."""
    endings = _endings(name)
    return bool(endings) and endings[-1].isalpha() and len(endings[-1]) <= 8


def delimiter_of_name(name: str) -> str | None:
    """Tab for .tsv."""
    endings = _endings(name)
    return DELIMITERS.get(endings[-1]) if endings else None


def is_beside(name: str) -> bool:
    """Whether a file describes a table and is none."""
    return name.lower() in BESIDE or name.lower().endswith(("_stats.json", "manifest"))


def _endings(name: str) -> list[str]:
    endings = name.lower().split(".")[1:]
    while endings and endings[-1] in COMPRESSED:
        endings.pop()
    return endings
