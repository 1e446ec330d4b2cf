"""A folder of pictures is mined without a table of notes: copies are pairs, captions are texts, and the filter on likes is off."""

import shutil

import duckdb
import pytest

from tests.support.qilin_layout import draw
from tests.support.workspaces import closing_summary, run_job


@pytest.fixture(scope="module")
def mined(tmp_path_factory):
    folder = tmp_path_factory.mktemp("photos")
    photos = folder / "photos"
    (photos / "trip").mkdir(parents=True)
    for k in range(5):
        draw(k).save(photos / f"{k}.png")
    shutil.copy(photos / "0.png", photos / "trip" / "copy.png")
    (photos / "captions.csv").write_text("file_name,text\n1.png,A red bus stops near the old harbour\n")
    (photos / "2.txt").write_text("海边的日落")
    (photos / "README.md").write_text("# photos")
    rows = "".join(f"u{k},{k}.PNG,{1795600000 + k}\n" for k in range(4))
    (folder / "clicks.csv").write_text("user_id,note_id,clicked_at\n" + rows)
    options = ("--notes", photos, "--clicks", folder / "clicks.csv", "--workspace", folder / "mined")
    done = run_job(*options, spark_options=("--master", "local[1]"))
    assert done.returncode == 0, done.stdout[-3000:]
    return folder, done


def test_each_picture_is_a_note_and_a_copy_is_a_pair(mined):
    with duckdb.connect(str(mined[0] / "mined" / "workspace.duckdb"), read_only=True) as connection:
        ask = lambda query: connection.execute(query).fetchall()  # noqa: E731
        assert ask("select note_id, body, topic from notes order by note_id") == [
            ("0.png", None, "unknown"),
            ("1.png", "A red bus stops near the old harbour", "unknown"),
            ("2.png", "海边的日落", "unknown"),
            ("3.png", None, "unknown"),
            ("4.png", None, "unknown"),
            ("trip/copy.png", None, "trip"),
        ]
        assert ask("select distinct kept_because from notes") == [("no note has a like_count: the filter on likes is off",)]
        tied = "select distinct least(query.note_id, target.note_id), greatest(query.note_id, target.note_id) from positives"
        assert ask(f"{tied} where granularity = 'near_duplicate_image'") == [("0.png", "trip/copy.png")]


def test_the_job_says_what_it_took_the_folder_for_and_that_no_click_finds_its_note(mined):
    folder, done = mined
    assert f"{folder}/photos: no table of notes, so a folder of pictures: 6 notes, one a picture" in done.stdout
    assert "the filter on likes is off" in done.stdout
    assert (
        "Warning: clicks: 0 of 4 find a kept note: clicks have ids like '9.aaa' (letters as a, digits as 9); "
        "notes have '0.png', '1.png'; 4 of 4 would match with upper and lower case the same"
    ) in closing_summary(done)
