"""What a published run says of itself: `_current.json`. No engine."""

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
    """Of a Parquet file that Java has written: of its rows' bytes alone (`parquet.sums`). "": the same as sha256."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What went in, what came out, what was dropped and why: in = out + dropped + quarantined."""

    __pydantic_config__ = STRICT

    rows_in: int | None
    """Rows that the step was given; None where it makes rows instead of passing them on."""
    rows_out: int
    dropped: dict[str, int]
    """By reason; quarantined rows stand here too, under their reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """One run: one publication of one dataset."""

    __pydantic_config__ = STRICT

    dataset: str
    run_id: str
    """A hash of the inputs' fingerprints, the settings and the code: equal means that nothing changed."""
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
    """What else the step has to say: strata of the balance, the certificate of the splits."""
    beside: list[DataFile] = field(default_factory=list)
    """Files of the run that are no rows of the dataset: the pictures of shards."""
    replaced: str = ""
    """The folder of the run before this one, below the workspace: it is kept for readers that are at it."""

    @property
    def fingerprint(self) -> str:
        """A hash of the rows: two runs that made the same files have the same one.

        Of rows that name files it is what the step's report calls `content`: it does not say where these lie.
        """
        return str(self.report.get("content") or self.file_fingerprint)

    @property
    def file_fingerprint(self) -> str:
        """A hash of what the run's files hold."""
        return fingerprint([file.data_sha256 or file.sha256 for file in [*self.files, *self.beside]])

    def to_json(self) -> bytes:
        """As stored."""
        return json.dumps(asdict(self), indent=1, ensure_ascii=False).encode()

    @classmethod
    def from_json(cls, content: bytes, where: str) -> "Manifest":
        """As read.

        Raises:
            DataError: it is damaged, or of another version of this project.
        """
        try:
            found = _KNOWN.validate_json(content, strict=True)
        except ValidationError as error:
            first = error.errors(include_url=False, include_context=False, include_input=False)[0]
            fault: str | None = f"{'.'.join(map(str, first['loc']))}: {first['msg']}".removeprefix(": ")
        else:
            fault = _fault(found)
        if fault:
            raise DataError(f"{where}: not a manifest of this project ({fault}); delete the file to make it again")
        return found


_KNOWN = TypeAdapter(Manifest)


def _fault(manifest: Manifest) -> str | None:
    """What no manifest of ours says, though its types are right."""
    for file in (*manifest.files, *manifest.beside):
        if not lies_within(manifest.dataset, file.path):
            return f"the file {file.path!r} does not lie in the workspace"
        if file.rows < 0 or file.size_bytes < 0:
            return f"{file.path}: {file.rows} rows, {file.size_bytes} bytes"
    try:
        datetime.fromisoformat(manifest.published_at)
    except ValueError:
        return f"published_at: expected a time, got {manifest.published_at!r}"
    return None


def below(dataset: str, path: str) -> str:
    """A file of a manifest, below the workspace.

    >>> below("sft/train", "../../_history/sft/train/5a/00000.parquet")
    '_history/sft/train/5a/00000.parquet'
    """
    return posixpath.normpath(f"{dataset}/{path}")


def lies_within(dataset: str, path: str) -> bool:
    """Whether a manifest's file lies in the workspace and not outside, as `/etc/passwd` and `../../x` do.

    >>> [lies_within("notes", path) for path in ("runs/1/a.parquet", "../_history/notes/1/a", "../../a", "/a", "")]
    [True, True, False, False, False]
    """
    top, below_it, _ = below(dataset, path).partition("/")
    return bool(below_it) and top not in ("..", "") and not path.startswith("/") and "\0" not in path


def fingerprint(value: Any) -> str:  # noqa: ANN401
    """16 hex digits that stand for a value that JSON can spell."""
    spelled = json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(spelled.encode()).hexdigest()[:16]
