"""What a published run says of itself: `_current.json`. No engine."""

import hashlib
import json
from dataclasses import asdict, dataclass, field
from typing import Any

from schemas.errors import DataError


@dataclass(frozen=True, slots=True, kw_only=True)
class DataFile:
    """One file of a run."""

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

    rows_in: int | None
    """Rows that the step was given; None where it makes rows instead of passing them on."""
    rows_out: int
    dropped: dict[str, int]
    """By reason; quarantined rows stand here too, under their reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """One run: one publication of one dataset."""

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
            raw = json.loads(content)
            files, beside = ([DataFile(**file) for file in raw.pop(name, [])] for name in ("files", "beside"))
            return cls(files=files, beside=beside, counts=Counts(**raw.pop("counts")), **raw)
        except (ValueError, TypeError, KeyError) as error:
            raise DataError(f"{where}: not a manifest of this project ({error}); delete the file to make it again") from None


def fingerprint(value: Any) -> str:  # noqa: ANN401
    """16 hex digits that stand for a value that JSON can spell."""
    spelled = json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(spelled.encode()).hexdigest()[:16]
