"""Settings of jobs/import_qilin.py."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from pipelines.sources.importers.qilin_clicks import History
from schemas.settings import Place


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportQilin:
    """Settings of jobs/import_qilin.py."""

    qilin: Place = "Qilin"
    """The folder that Qilin was fetched to."""
    out: Place = "qilin"
    """The folder that notes.parquet and clicks.parquet, folders of Parquet files, are written to."""
    topic_level: Annotated[int, Field(ge=1, le=3)] = 1
    """Which of the three taxonomies is a note's topic; the balance evens topics out."""
    history: History = "leave out"
    """Clicks before the request, which Qilin lists without times: left out, or a second apart, in the order that is named."""
