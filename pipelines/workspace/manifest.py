"""The manifest of a published run: `_current.json`. No engine."""

import hashlib
import json
import posixpath
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from pydantic import ConfigDict, TypeAdapter, ValidationError

from schemas.errors import DataError

STRICT = ConfigDict(extra="forbid")


@dataclass(frozen=True, slots=True, kw_only=True)
class DataFile:
    """One file of a run."""

    __pydantic_config__ = STRICT

    path: str
    """Relative to the dataset's folder, so that a workspace can be moved."""
    rows: int
    size_bytes: int
    sha256: str
    data_sha256: str = ""
    """For a Parquet file written by Java: checksum of the bytes before the footer (`arrow_io.sums`). "": the same as sha256."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Row counts of a run: in = out + dropped, with quarantined rows among the dropped."""

    __pydantic_config__ = STRICT

    rows_in: int | None
    """Input rows of the step; None if it creates rows instead of filtering them."""
    rows_out: int
    dropped: dict[str, int]
    """Rows by reason; includes quarantined rows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """One run: one publication of one dataset."""

    __pydantic_config__ = STRICT

    dataset: str
    run_id: str
    """Hash of the inputs' fingerprints, the settings and the code; equal if nothing changed."""
    files: list[DataFile]
    counts: Counts
    inputs: dict[str, str]
    settings: dict[str, Any]
    code: str
    """Fingerprint of the step's source."""
    seconds: float
    published_at: str
    versions: dict[str, str]
    report: dict[str, Any] = field(default_factory=dict)
    """Further results of the step: strata of the balance, the certificate of the splits."""
    beside: list[DataFile] = field(default_factory=list)
    """Files of the run that do not hold rows of the dataset: the pictures of shards."""
    replaced: str = ""
    """Folder of the previous run, below the workspace; kept for readers that have it open."""

    @property
    def fingerprint(self) -> str:
        """Hash of the rows: equal for two runs that wrote the same files.

        For rows that name files it is `content` of the step's report, which does not depend on the files' location.
        """
        return str(self.report.get("content") or self.file_fingerprint)

    @property
    def file_fingerprint(self) -> str:
        """Hash of the contents of the run's files."""
        return fingerprint([file.data_sha256 or file.sha256 for file in [*self.files, *self.beside]])

    def to_json(self) -> bytes:
        """Serialize as stored."""
        return json.dumps(asdict(self), indent=1, ensure_ascii=False).encode()

    @classmethod
    def from_json(cls, content: bytes, where: str) -> "Manifest":
        """Parse a stored manifest.

        Raises:
            DataError: it is damaged, or was written by an incompatible version of this project.
        """
        try:
            manifest = _ADAPTER.validate_json(content, strict=True)
        except ValidationError as error:
            first = error.errors(include_url=False, include_context=False, include_input=False)[0]
            fault: str | None = f"{'.'.join(map(str, first['loc']))}: {first['msg']}".removeprefix(": ")
        else:
            fault = _fault(manifest)
        if fault:
            raise DataError(
                f"{where}: not a manifest of this project ({fault}); delete the file and run the job that makes it again"
            )
        return manifest


_ADAPTER = TypeAdapter(Manifest)


def _fault(manifest: Manifest) -> str | None:
    """Describe invalid values in a manifest whose types are valid; None if there are none."""
    for file in (*manifest.files, *manifest.beside):
        if not lies_within(manifest.dataset, file.path):
            return f"the file {file.path!r} is outside the workspace"
        if file.rows < 0 or file.size_bytes < 0:
            return f"{file.path}: {file.rows} rows, {file.size_bytes} bytes"
    try:
        datetime.fromisoformat(manifest.published_at)
    except ValueError:
        return f"published_at: expected a time, got {manifest.published_at!r}"
    return None


def below(dataset: str, path: str) -> str:
    """Resolve a manifest's file path to a path below the workspace.

    >>> below("sft/train", "../../_history/sft/train/5a/00000.parquet")
    '_history/sft/train/5a/00000.parquet'
    """
    return posixpath.normpath(f"{dataset}/{path}")


def lies_within(dataset: str, path: str) -> bool:
    """Whether a manifest's file is inside the workspace, unlike `/etc/passwd` and `../../x`.

    >>> [lies_within("notes", path) for path in ("runs/1/a.parquet", "../_history/notes/1/a", "../../a", "/a", "")]
    [True, True, False, False, False]
    """
    top, below_it, _ = below(dataset, path).partition("/")
    return bool(below_it) and top not in ("..", "") and not path.startswith("/") and "\0" not in path


def fingerprint(value: Any) -> str:  # noqa: ANN401
    """Hash a JSON-serializable value to 16 hex digits."""
    serialized = json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(serialized.encode()).hexdigest()[:16]
