"""The folder that an input lies in: relative uris in its rows count from there."""

import re

from pipelines.input_tables.files.folders import entry_at
from pipelines.input_tables.files.patterns import split_list
from pipelines.input_tables.files.places import FAR, OPTIONS, parse_place
from pipelines.workspace.filesystem import absolute


def folder_of(uri: str) -> str:
    """The folder of a file, of a pattern's fixed part, or of the first of several; a store's client options go with it."""
    first = uri if "," not in uri or entry_at(parse_place(uri)) is not None else split_list(uri)[0]
    options = OPTIONS.search(first) if FAR.match(first) else None
    name = first[: options.start()] if options else first
    name = name.rstrip("/")
    if entry_at(parse_place(first)) is None:
        name = re.split(r"[*?\[{]", name, maxsplit=1)[0]
    folder = name.rsplit("/", 1)[0] if "/" in name else "."
    if FAR.match(folder) and not folder.startswith("file:"):
        return f"{folder}{options[0] if options else ''}"
    return absolute(folder or "/")
