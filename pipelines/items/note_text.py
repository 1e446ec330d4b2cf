"""The text of a note as a model reads it: title, body, and the text read in its pictures (method.md, section 1).

Items keep title and body alone, and their ids: a picture's OCR belongs to every note item that shows the picture, and leaves it
with the picture. So it is added where an item is encoded or written to a shard. `spark_columns` has the same for Spark.
"""

from collections.abc import Mapping, Sequence


def with_ocr(text: str | None, image_ids: Sequence[str], ocr_texts: Mapping[str, str]) -> str:
    r"""Append the OCR text of each picture, in order, each text once.

    Args:
        text: title, line break, body.
        image_ids: the pictures of the item.
        ocr_texts: image_id -> the text that OCR read in it.

    >>> with_ocr("Mugs", ["a", "b", "c"], {"a": "RED", "c": "RED"})
    'Mugs\nRED'
    """
    words = dict.fromkeys(ocr_texts[i] for i in image_ids if ocr_texts.get(i, "").strip())
    return "\n".join([text or "", *words])
