"""--notes may be a folder of pictures: its notes are written into the workspace, its table of notes wins where there is one."""

import json

import pyarrow.parquet as pq
import pytest

from pipelines.flows.mine_pairs.picture_folder_input import with_picture_folder
from pipelines.flows.mine_pairs.settings import Input, MinePairs
from pipelines.sources.picture_folder.settings import PictureFolder
from schemas.errors import DataError, SettingsError


def settings(folder, notes, **others):
    return MinePairs(workspace=str(folder / "mined"), input=Input(notes=str(notes), **others))


@pytest.fixture
def photos(tmp_path):
    (tmp_path / "photos" / "a").mkdir(parents=True)
    for name in ("1.jpg", "a/2.jpg", "a/3.jpg"):
        (tmp_path / "photos" / name).write_bytes(b"x")
    return tmp_path / "photos"


def test_the_notes_are_written_beside_the_datasets_and_the_folder_is_the_image_root(tmp_path, photos, capsys):
    made = with_picture_folder(settings(tmp_path, photos))
    written = tmp_path / "mined/picture_folder/notes.parquet"
    assert (made.settings.input.notes, made.settings.input.image_root) == (str(written), str(photos))
    assert pq.read_table(written).column("note_id").to_pylist() == ["1.jpg", "a/2.jpg", "a/3.jpg"]
    assert (
        "no table of notes, so a folder of pictures: 3 notes, one a picture, 3 pictures, 0 with a caption"
        in capsys.readouterr().err
    )


def test_an_unchanged_folder_leaves_the_notes_untouched_and_a_replaced_picture_changes_the_fingerprint(tmp_path, photos):
    first = with_picture_folder(settings(tmp_path, photos))
    written = tmp_path / "mined/picture_folder/notes.parquet"
    before = written.stat().st_mtime_ns
    (photos / "1.jpg").write_bytes(b"other")
    second = with_picture_folder(settings(tmp_path, photos))
    assert written.stat().st_mtime_ns == before
    assert second.pictures_fingerprint != first.pictures_fingerprint


def test_a_note_is_a_folder_by_setting(tmp_path, photos):
    chosen = MinePairs(
        workspace=str(tmp_path / "mined"), input=Input(notes=str(photos)), picture_folder=PictureFolder(note_is="folder")
    )
    with_picture_folder(chosen)
    assert pq.read_table(tmp_path / "mined/picture_folder/notes.parquet").column("note_id").to_pylist() == ["1.jpg", "a"]


def test_a_table_of_notes_in_the_folder_is_read_alone_and_its_pictures_count_from_the_folder(tmp_path, photos):
    (photos / "notes.jsonl").write_text(json.dumps({"note_id": "n", "images": [{"image_id": "1", "uri": "1.jpg"}]}))
    (photos / "clicks.csv").write_text("user_id,note_id,clicked_at\nu,n,1795600000\n")
    made = with_picture_folder(settings(tmp_path, photos))
    assert (made.settings.input.notes, made.settings.input.image_root) == (f"{photos}/notes.jsonl", str(photos))
    assert made.pictures_fingerprint is None
    rooted = with_picture_folder(settings(tmp_path, photos, image_root="/elsewhere"))
    assert rooted.settings.input.image_root == "/elsewhere"


def test_several_tables_of_notes_are_read_without_the_other_tables(tmp_path, photos):
    for name in ("a", "b"):
        (photos / f"{name}.jsonl").write_text(json.dumps({"note_id": name, "images": []}))
    (photos / "clicks.csv").write_text("user_id,note_id,clicked_at\nu,n,1795600000\n")
    assert with_picture_folder(settings(tmp_path, photos)).settings.input.notes == f"{photos}/a.jsonl,{photos}/b.jsonl"


def test_what_is_no_folder_of_pictures_is_left_as_it_is(tmp_path, photos):
    for notes in (photos / "1.jpg", tmp_path / "nowhere", f"{tmp_path}/*.parquet", "catalog.db.table"):
        asked = settings(tmp_path, notes)
        assert with_picture_folder(asked).settings == asked
    assert with_picture_folder(MinePairs()).settings == MinePairs()


def test_bytes_and_roots_of_pictures_do_not_go_with_a_folder_of_pictures(tmp_path, photos):
    for others in ({"images": "i.parquet"}, {"image_root": "/elsewhere"}):
        with pytest.raises(SettingsError, match="its pictures are the notes, so --images and --image-root do not apply"):
            with_picture_folder(settings(tmp_path, photos, **others))


def test_a_table_of_neither_kind_is_an_error(tmp_path, photos):
    (photos / "photos.csv").write_text("image,caption\nnone.jpg,x\n")
    with pytest.raises(DataError, match="'note_id'.*'file_name'"):
        with_picture_folder(settings(tmp_path, photos))


def test_captions_that_name_no_picture_are_told_with_examples_of_both(tmp_path, photos, capsys):
    (photos / "captions.csv").write_text("file_name,text\n1.png,x\n2.png,y\n3.png,z\n")
    with_picture_folder(settings(tmp_path, photos))
    err = capsys.readouterr().err
    assert "rows of captions that name no picture of the folder: 3" in err
    assert "captions name '1.png', '2.png'; pictures are named like '1.jpg'" in err
