"""Where Qilin's tables lie, and their columns as they are read (THUIR/Qilin on Hugging Face, arXiv 2503.00501)."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from schemas.errors import DataError

NOTES = "notes"
NOTE_COLUMNS = (
    "note_idx",
    "note_title",
    "note_content",
    "note_type",
    "image_path",
    "taxonomy1_id",
    "taxonomy2_id",
    "taxonomy3_id",
    "accum_like_num",
    "accum_collect_num",
    "accum_comment_num",
    "share_num",
)
SEARCHED, RECOMMENDED = "search_result_details_with_idx", "rec_result_details_with_idx"
RESULTS = {
    "search_train": SEARCHED,
    "search_test": SEARCHED,
    "dqa": SEARCHED,
    "recommendation_train": RECOMMENDED,
    "recommendation_test": RECOMMENDED,
}
"""Folder -> the column that lists what was shown and clicked."""
TIMES = {SEARCHED: "search_timestamp", RECOMMENDED: "request_timestamp"}
ROWS = 4096


def batches(folder: Path, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
    """The columns of a folder's Parquet files, a few thousand rows at a time, in the order of the files.

    Raises:
        DataError: there is no file, one is damaged, or columns are missing: all of them in one message.
    """
    files = sorted(folder.glob("*.parquet"))
    if not files:
        raise DataError(f"{folder}: no *.parquet there; wanted Qilin's folders {NOTES}, {', '.join(RESULTS)}")
    for file in files:
        try:
            with pq.ParquetFile(file) as opened:
                missing = [name for name in columns if name not in opened.schema_arrow.names]
                if missing:
                    raise DataError(f"{file}: missing columns {missing}; found {opened.schema_arrow.names}")
                yield from opened.iter_batches(batch_size=ROWS, columns=list(columns))
        except (OSError, pa.ArrowInvalid) as error:
            raise DataError(f"{file}: cannot be read ({error}); fetch it again") from None
