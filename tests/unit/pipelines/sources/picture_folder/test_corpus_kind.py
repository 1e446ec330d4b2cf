"""A table of notes wins, captions or no table make a corpus of pictures, anything else is an error that names both columns."""

import pytest

from pipelines.sources.picture_folder.corpus_kind import NotesTable, PictureCorpus, corpus_kind
from pipelines.sources.picture_folder.folder_files import sort_files
from schemas.errors import DataError

NOTES = ["note_id", "title", "images", "like_count"]


def kind(columns, id_column="note_id"):
    return corpus_kind("/photos", sort_files(["a.jpg", *columns]), columns, id_column)


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({}, PictureCorpus({})),
        ({"metadata.jsonl": ["file_name", "text"]}, PictureCorpus({"metadata.jsonl": "file_name"})),
        (
            {"train/metadata.csv": ["file_name"], "test/metadata.csv": ["file_name"]},
            PictureCorpus({"test/metadata.csv": "file_name", "train/metadata.csv": "file_name"}),
        ),
        ({"captions.csv": ["file_name", "text"], "sizes.csv": ["file", "width"]}, PictureCorpus({"captions.csv": "file_name"})),
        ({"notes.jsonl": NOTES}, NotesTable(("notes.jsonl",))),
        ({"notes.jsonl": NOTES, "metadata.csv": ["file_name", "text"]}, NotesTable(("notes.jsonl",))),
        ({"metadata.jsonl": ["file_name", "note_id", "text"]}, NotesTable(("metadata.jsonl",))),
        ({"notes.jsonl": NOTES, "clicks.csv": ["user_id", "note_id", "clicked_at"]}, NotesTable(("notes.jsonl",))),
        ({"info.json": []}, PictureCorpus({})),
        ({"00000.parquet": ["url", "key", "status", "width"]}, PictureCorpus({})),
    ],
)
def test_a_table_of_notes_wins_and_captions_or_no_table_make_a_picture_corpus(columns, expected):
    assert kind(columns) == expected


def test_a_column_that_a_mapping_names_makes_a_table_of_notes():
    assert kind({"posts.csv": ["post_id", "headline"]}, "post_id") == NotesTable(("posts.csv",))


def test_a_table_of_neither_kind_is_an_error_that_names_both_columns_and_the_table():
    with pytest.raises(DataError) as error:
        kind({"photos.csv": ["image", "caption"]})
    message = str(error.value)
    for part in ("/photos: 1 pictures", "photos.csv", "['image', 'caption']", "'note_id'", "'file_name'", "import_table.py"):
        assert part in message
