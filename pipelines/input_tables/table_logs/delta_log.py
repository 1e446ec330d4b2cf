"""The files of a Delta table's newest version, by the deltalake package."""

import json
from typing import Any
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.input_tables.files.folders import children
from pipelines.input_tables.files.listing import InputFile
from pipelines.input_tables.files.places import FilePlace, open_place
from pipelines.input_tables.table_logs.snapshot import Snapshot, not_readable
from schemas.errors import DataError

KIND = "a Delta"
READ = frozenset(
    {
        "deletionVectors",
        "timestampNtz",
        "vacuumProtocolCheck",
        "appendOnly",
        "invariants",
        "typeWidening",
        "typeWidening-preview",
    }
)
"""Features of a table with which its files can still be read whole, once no file has deleted rows."""


def delta_snapshot(place: FilePlace) -> Snapshot:
    """The newest version of a Delta table.

    Raises:
        DataError: deltalake is not installed, the log cannot be read, or a file of the version must not be read whole:
            deleted rows must not come back.
    """
    try:
        from deltalake import DeltaTable
    except ImportError:
        raise not_readable(place, KIND, "and the package deltalake is not installed (pip install deltalake==1.6.6)") from None
    try:
        table = DeltaTable(_uri(place), storage_options=_storage_options(place))
        version, metadata, protocol = table.version(), table.metadata(), table.protocol()
        actions = pa.table(table.get_add_actions(flatten=False)).to_pylist()
    except Exception as error:  # deltalake has classes of its own for each store and fault
        raise DataError(f"{place.uri}: its Delta log cannot be read: {' '.join(str(error).split())[:300]}") from None
    features = set(protocol.reader_features or ())
    if features - READ or metadata.configuration.get("delta.columnMapping.mode", "none") != "none":
        named = ", ".join(sorted(features - READ) or ["columnMapping"])
        raise not_readable(place, KIND, f"with the feature {named}, which is not read here")
    if "deletionVectors" in features and _has_deletion_vectors(place):
        raise not_readable(
            place, KIND, "with deleted rows that its files still hold (deletion vectors: REORG TABLE ... APPLY (PURGE))"
        )
    files = tuple(sorted(_file(place, action) for action in actions))
    message = f"version {version} of the Delta table, {len(files):,} files"
    return Snapshot(files, f"delta {metadata.id} {version}", message)


def _file(table: FilePlace, action: dict[str, Any]) -> InputFile:
    """A file of the version. Its path is relative to the table and percent-encoded once by the log, once by deltalake."""
    path = unquote(action["path"])
    if "://" in path or path.startswith("/"):
        raise not_readable(table, KIND, f"with a file elsewhere ({path[:100]})")
    folders = action.get("partition") or {}
    values = tuple((name, None if value is None else str(value)) for name, value in folders.items())
    return InputFile(table.below(path), action["size_bytes"], action["modification_time"], values)


def _has_deletion_vectors(place: FilePlace) -> bool:
    """Whether a file that counts has rows that are deleted and still in it."""
    deleted: dict[str, bool] = {}
    log = place.below("_delta_log")
    names = sorted(entry.place.name for entry in children(log) if not entry.is_folder)
    checkpoints = [name for name in names if name.endswith(".checkpoint.parquet") and name[:20].isdigit()]
    if any(".checkpoint." in name and name not in checkpoints for name in names):
        return True  # in several parts, or with sidecars: not looked into
    start = -1
    if checkpoints:
        start = int(checkpoints[-1][:20])
        system, path = open_place(log.below(checkpoints[-1]))
        for row in pq.read_table(path, filesystem=system, columns=["add"]).column("add").to_pylist():
            if row is not None:
                deleted[row["path"]] = row.get("deletionVector") is not None
    for name in names:
        if name.endswith(".json") and name[:20].isdigit() and int(name[:20]) > start:
            _replay(deleted, log.below(name))
    return any(deleted.values())


def _replay(deleted: dict[str, bool], commit: FilePlace) -> None:
    system, path = open_place(commit)
    with system.open_input_stream(path) as stream:
        actions = [json.loads(line) for line in stream.read().decode("utf-8").splitlines() if line.strip()]
    for action in actions:
        if remove := action.get("remove"):
            deleted.pop(remove["path"], None)
    for action in actions:
        if add := action.get("add"):
            deleted[add["path"]] = add.get("deletionVector") is not None


def _uri(place: FilePlace) -> str:
    return place.uri


def _storage_options(place: FilePlace) -> dict[str, str]:
    """The client's options as deltalake calls them."""
    from urllib.parse import parse_qsl

    client_options = dict(parse_qsl(place.options))
    options = {}
    if "endpoint_override" in client_options:
        scheme = client_options.get("scheme", "https")
        options["AWS_ENDPOINT_URL"] = f"{scheme}://{client_options['endpoint_override']}"
        options["AWS_ALLOW_HTTP"] = str(scheme == "http").lower()
    if "region" in client_options:
        options["AWS_REGION"] = client_options["region"]
    return options
