"""Tables as people have them, each after a public report (../shared/cases), imported: texts stay texts, no row is lost unsaid."""

import gzip
import json
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.input_tables.settings import ReadOptions
from pipelines.sources.importers.column_mapping import Expression
from schemas.errors import DataError
from tests.support.import_rows import rows_of

pytestmark = pytest.mark.slow

NOTE = {"note_id": "id", "like_count": "likes"}
UUIDS = ["CD613E30-D8F1-6ADF-91B7-584A2265B1F5", "1E2FEB89-414C-343C-1027-C4D1C386BBC4"]


def write_lines(folder, rows, name="n.jsonl", mark=""):
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    (folder / name).write_text(mark + text, encoding="utf-8")
    return name


def column(rows, name):
    return [row[name] for row in rows]


def uris(rows):
    return [[image["uri"] for image in row["images"]] for row in rows]


def test_ids_that_look_like_uuids_keep_their_upper_case_in_notes_and_clicks(tmp_path):
    write_lines(tmp_path, [{"id": one, "likes": 300, "cover": one} for one in UUIDS])
    notes, _ = rows_of(None, tmp_path, NOTE | {"images": "cover"}, file="n.jsonl")
    assert column(notes, "note_id") == UUIDS
    assert uris(notes) == [[UUIDS[0]], [UUIDS[1]]]
    (tmp_path / "c.csv").write_text("uid,post,ts\n" + "".join(f"u,{one},1795600000\n" for one in UUIDS))
    clicks, _ = rows_of(None, tmp_path, {"user_id": "uid", "note_id": "post", "clicked_at": "ts"}, "clicks", "c.csv")
    assert column(clicks, "note_id") == UUIDS


@pytest.mark.parametrize(
    "text", ["20-11-2025", "2025-11-20", "10:00:00", "20261101T100001", "1e5", "007", "true", "NaN", " x "]
)
def test_a_text_keeps_its_letters(tmp_path, text):
    write_lines(tmp_path, [{"id": text, "likes": 1, "t": text}])
    rows, _ = rows_of(None, tmp_path, NOTE | {"title": "t"}, file="n.jsonl")
    assert (rows[0]["note_id"], rows[0]["title"]) == (text, text)


def test_texts_that_sql_reads_keep_their_letters_and_numbers_are_numbers(tmp_path):
    write_lines(tmp_path, [{"id": UUIDS[0], "likes": 3, "day": "2025-11-20", "pics": [{"path": "a.jpg"}]}])
    columns = NOTE | {
        "like_count": Expression(sql="likes * 100"),
        "title": Expression(sql="id || ' ' || day"),
        "images": Expression(sql="list_transform(pics, lambda p: p.path)"),
    }
    rows, _ = rows_of(None, tmp_path, columns, file="n.jsonl")
    assert (rows[0]["like_count"], rows[0]["title"], uris(rows)) == (300, f"{UUIDS[0]} 2025-11-20", [["a.jpg"]])


def test_a_type_that_changes_after_line_20480_loses_nothing(tmp_path):
    rows = [{"id": f"n{k}", "likes": k if k < 21_000 else "1.2万"} for k in range(21_010)]
    write_lines(tmp_path, rows)
    made, counts = rows_of(None, tmp_path, NOTE, file="n.jsonl")
    likes = {row["note_id"]: row["like_count"] for row in made}
    assert (likes["n20999"], likes["n21005"], counts.invalid) == (20_999, 12_000, {})


def test_a_column_that_comes_after_line_21000_is_there(tmp_path):
    write_lines(tmp_path, [{"id": f"n{k}", "likes": 1} | ({"desc": "x"} if k >= 21_000 else {}) for k in range(21_010)])
    rows, _ = rows_of(None, tmp_path, NOTE | {"body": "desc"}, file="n.jsonl")
    assert column(rows, "body").count("x") == 10
    with pytest.raises(DataError, match="body = 'dsec': no such column"):
        rows_of(None, tmp_path, NOTE | {"body": "dsec"}, file="n.jsonl")


def test_partition_folders_are_read_as_text(tmp_path):
    for topic in ("001", "美食", "a%20b"):
        folder = tmp_path / "t" / f"topic={topic}"
        folder.mkdir(parents=True)
        write_lines(folder, [{"id": topic, "likes": 1}], "part.jsonl")
    rows, _ = rows_of(None, tmp_path, NOTE | {"topic": "topic"}, file="t")
    assert sorted(column(rows, "topic")) == ["001", "a b", "美食"]


def test_files_beside_the_table_do_not_stop_it(tmp_path):
    (tmp_path / "t").mkdir()
    (tmp_path / "t/README.md").write_text("# data")
    (tmp_path / "t/cover.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    pq.write_table(pa.table({"id": ["a"], "likes": [1]}), tmp_path / "t/data.parquet")
    assert column(rows_of(None, tmp_path, NOTE, file="t")[0], "note_id") == ["a"]


def test_part_files_of_other_types_are_each_read_by_their_own(tmp_path):
    (tmp_path / "t").mkdir()
    parts = [
        pa.table({"id": pa.array([], pa.null()), "likes": pa.array([], pa.null())}),
        pa.table({"id": ["a"], "likes": pa.array([5], pa.int32())}),
        pa.table({"likes": ["1.2万"], "id": ["b"]}),
        pa.table({"id": pa.array([7], pa.int64()), "likes": [201.0]}),
        pa.table({"id": ["c"]}),
    ]
    for k, part in enumerate(parts):
        pq.write_table(part, tmp_path / f"t/{k}.parquet")
    rows, _ = rows_of(None, tmp_path, NOTE, file="t")
    assert sorted((row["note_id"], row["like_count"]) for row in rows if row["note_id"] != "c") == [
        ("7", 201),
        ("a", 5),
        ("b", 12_000),
    ]
    assert [row["like_count"] for row in rows if row["note_id"] == "c"] == [None]


@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_a_byte_order_mark_is_none_of_the_first_row(tmp_path, mark):
    write_lines(tmp_path, [{"id": "a", "likes": 1}, {"id": "b", "likes": 2}], mark=mark)
    assert column(rows_of(None, tmp_path, NOTE, file="n.jsonl")[0], "note_id") == ["a", "b"]


@pytest.mark.parametrize("encoding", ["utf-16", "gb18030", "utf-8-sig"])
def test_encodings_of_csv_are_recognised(tmp_path, encoding):
    (tmp_path / "n.csv").write_bytes("id,likes,标题\n1,5,美食\n2,6,旅行\n".encode(encoding))
    rows, _ = rows_of(None, tmp_path, NOTE | {"title": "标题"}, file="n.csv", options=ReadOptions())
    assert column(rows, "title") == ["美食", "旅行"]


@pytest.mark.parametrize(
    ("pictures", "expected"),
    [
        ('["a0.jpg", "b0.jpg"]', ["a0.jpg", "b0.jpg"]),
        (["a0.jpg", "", "b0.jpg"], ["a0.jpg", "b0.jpg"]),
        ([{"image_id": 1, "uri": "a0.jpg"}], ["a0.jpg"]),
        ("a0.jpg,b0.jpg", ["a0.jpg", "b0.jpg"]),
        ("http://sns/1_0!nd_dft,http://sns/1_1!nd_dft", ["http://sns/1_0!nd_dft", "http://sns/1_1!nd_dft"]),
        ("a, b.jpg", ["a, b.jpg"]),
        ("", []),
        (None, []),
        ([], []),
    ],
)
def test_pictures_as_lists_as_json_text_and_joined_by_commas(tmp_path, pictures, expected):
    write_lines(tmp_path, [{"id": "n", "likes": 1, "pics": pictures}, {"id": "m", "likes": 1, "pics": ["z.jpg"]}])
    assert uris(rows_of(None, tmp_path, NOTE | {"images": "pics"}, file="n.jsonl")[0]) == [expected, ["z.jpg"]]


LIKES = {
    "1.2万": 12_000,
    "2.3w": 23_000,
    "10+": 10,
    "1千+": 1_000,
    "1,234": 1_234,
    "201.0": 201,
    "356": 356,
    "": None,
    "赞": None,
}


def test_counts_as_the_platform_writes_them_with_an_example_of_what_could_not_be_read(tmp_path):
    write_lines(tmp_path, [{"id": str(k), "likes": text} for k, text in enumerate(LIKES)])
    rows, counts = rows_of(None, tmp_path, NOTE, file="n.jsonl")
    assert column(rows, "like_count") == list(LIKES.values())
    assert counts.invalid == {"like_count": 1}
    assert counts.lines()[-1].endswith("notes: values of 'like_count' that could not be read, such as '赞'")


DAY = datetime(2026, 11, 1, tzinfo=UTC)
TIMES = {
    "2026-11-01": DAY,
    "2026/11/01": DAY,
    "20261101": DAY,
    20261101: DAY,
    "2026-11-01T00:00:00Z": DAY,
    "2026-11-01T08:00:00+08:00": DAY,
    "2026-11-01 00:00:00.000000": DAY,
    "2026年11月1日": DAY,
    1793491200: DAY,
    "1793491200000": DAY,
    1793491200000000: DAY,
    "2026": None,
    2026: None,
    "10:00": None,
    "99999999999": None,
    "2026-02-30": None,
}


@pytest.mark.parametrize("text", list(TIMES))
def test_times_as_people_write_them(tmp_path, text):
    write_lines(tmp_path, [{"id": "n", "likes": 1, "at": text}])
    rows, counts = rows_of(None, tmp_path, NOTE | {"published_at": "at"}, file="n.jsonl")
    assert rows[0]["published_at"] == TIMES[text]
    assert counts.invalid["published_at"] == (TIMES[text] is None)


def test_a_ragged_csv_costs_no_row(tmp_path):
    (tmp_path / "n.csv").write_text('id,likes,t\n1,5,a\n2,6\n3,7,c,EXTRA\n4,8,"say ""hi"", then\nstop"\n')
    rows, counts = rows_of(None, tmp_path, NOTE | {"title": "t"}, file="n.csv")
    assert [(row["note_id"], row["title"]) for row in rows] == [
        ("1", "a"),
        ("2", None),
        ("3", "c"),
        ("4", 'say "hi", then\nstop'),
    ]
    assert sum(counts.dropped.values()) == 2


def test_one_broken_line_costs_one_line(tmp_path):
    lines = [json.dumps({"id": f"n{k}", "likes": k}) for k in range(5)]
    (tmp_path / "n.jsonl").write_text("\n".join([*lines[:2], '{"id": "x", "likes":', "[1]", *lines[2:]]) + "\n")
    rows, counts = rows_of(None, tmp_path, NOTE, file="n.jsonl")
    assert column(rows, "note_id") == [f"n{k}" for k in range(5)]
    assert counts.dropped == {"dropped: lines that could not be read": 2}


def test_a_json_array_is_rows(tmp_path):
    (tmp_path / "n.json").write_text(json.dumps([{"id": "a", "likes": "1.2万"}, {"id": "b", "likes": 2}], indent=4))
    rows, _ = rows_of(None, tmp_path, NOTE, file="n.json")
    assert [(row["note_id"], row["like_count"]) for row in rows] == [("a", 12_000), ("b", 2)]


def test_an_object_of_17_megabytes_is_a_row(tmp_path):
    write_lines(tmp_path, [{"id": "a", "likes": 1, "t": "x" * (17 << 20)}, {"id": "b", "likes": 1, "t": "y"}])
    rows, _ = rows_of(None, tmp_path, NOTE | {"title": "t"}, file="n.jsonl")
    assert [len(row["title"]) for row in rows] == [17 << 20, 1]


def test_numbers_of_any_size_are_names_digit_by_digit(tmp_path):
    write_lines(tmp_path, [{"id": 12345678901234567890123, "likes": 1}, {"id": 7, "likes": 2**70}])
    rows, counts = rows_of(None, tmp_path, NOTE, file="n.jsonl")
    assert column(rows, "note_id") == ["12345678901234567890123", "7"]
    assert (column(rows, "like_count"), counts.invalid) == ([1, None], {"like_count": 1})


def test_arrow_types_of_other_writers_are_read(tmp_path):
    table = pa.table(
        {
            "id": pa.array([1, 2], pa.uint64()),
            "likes": pa.array([5.0, float("nan")], pa.float16()),
            "at": pa.array([DAY.replace(tzinfo=None)] * 2, pa.timestamp("ns")),
            "who": pa.array(["a", "b"]).dictionary_encode(),
            "n": pa.array([1, None], pa.decimal128(20, 2)),
        }
    )
    columns = NOTE | {"author_id": "who", "share_count": "n", "published_at": "at"}
    rows, counts = rows_of(table, tmp_path, columns)
    assert [(r["note_id"], r["like_count"], r["author_id"], r["share_count"]) for r in rows] == [
        ("1", 5, "a", 1),
        ("2", None, "b", None),
    ]
    assert (column(rows, "published_at"), counts.invalid) == ([DAY, DAY], {})


def test_leading_zeros_upper_case_and_null_words_of_a_csv(tmp_path):
    with gzip.open(tmp_path / "n.csv.gz", "wt") as file:
        file.write("id,likes,t,who\n007,2,NULL,NULL\n0008,NaN,None,\\N\n9, ,  , NULL \n")
    rows, counts = rows_of(None, tmp_path, NOTE | {"title": "t", "author_id": "who"}, file="n.csv.gz")
    assert [(r["note_id"], r["like_count"], r["title"], r["author_id"]) for r in rows] == [
        ("007", 2, "NULL", None),
        ("0008", None, "None", None),
        ("9", None, None, None),
    ]
    assert counts.invalid == {}
    (tmp_path / "u.csv").write_text("ID,Likes\n1,2\n")
    with pytest.raises(DataError, match=r"note_id = 'id': no such column; found \['ID', 'Likes'\]"):
        rows_of(None, tmp_path, NOTE, file="u.csv")


CARD = {
    "title": "题",
    "user": {"user_id": "a7", "nick": None},
    "interact_info": {"liked_count": "1.2万", "shared": None},
    "image_list": [{"url_default": "http://a/1.jpg", "info_list": [{"url": "u"}]}, {"url_default": "http://a/2.jpg"}],
    "tag_list": [{"name": "food"}],
    "time": 1793491200000,
}
PATHS = {
    "note_id": "id",
    "title": "note_card.title",
    "author_id": "note_card.user.user_id",
    "like_count": "note_card.interact_info.liked_count",
    "share_count": "note_card.interact_info.shared",
    "images": "note_card.image_list",
    "published_at": "note_card.time",
}


@pytest.mark.parametrize("file", ["n.jsonl", "n.csv", "text.parquet", "struct.parquet", "inner.parquet"])
def test_dotted_paths_lead_into_objects_of_crawlers_and_into_texts_that_hold_them(tmp_path, file):
    cards, texts = [CARD, CARD | {"user": None}], [json.dumps(CARD), json.dumps(CARD | {"user": None})]
    rows = [{"id": f"n{k}", "note_card": card} for k, card in enumerate(cards)]
    if file == "n.jsonl":
        write_lines(tmp_path, rows)
    elif file == "n.csv":
        quoted = [text.replace('"', '""') for text in texts]
        (tmp_path / file).write_text("id,note_card\n" + "".join(f'n{k},"{text}"\n' for k, text in enumerate(quoted)))
    elif file == "inner.parquet":
        inner = [card | {"interact_info": json.dumps(card["interact_info"])} for card in cards]
        pq.write_table(pa.table({"id": ["n0", "n1"], "note_card": inner}), tmp_path / file)
    else:
        column_of = pa.array(texts, pa.large_string()) if file == "text.parquet" else pa.array(cards)
        pq.write_table(pa.table({"id": ["n0", "n1"], "note_card": column_of}), tmp_path / file)
    made, counts = rows_of(None, tmp_path, PATHS, file=file)
    assert [(r["note_id"], r["title"], r["author_id"], r["like_count"], r["published_at"]) for r in made] == [
        ("n0", "题", "a7", 12_000, DAY),
        ("n1", "题", None, 12_000, DAY),
    ]
    assert (uris(made)[0], counts.invalid) == (["http://a/1.jpg", "http://a/2.jpg"], {})


@pytest.mark.parametrize("path", ["note_card.interact.liked_count", "note_card.interact_info.likes", "note_card.title.x"])
def test_a_path_that_leads_nowhere_stops_the_import(tmp_path, path):
    write_lines(tmp_path, [{"id": "n0", "note_card": CARD}])
    pq.write_table(pa.table({"id": ["n0"], "note_card": [CARD]}), tmp_path / "n.parquet")
    for file in ("n.jsonl", "n.parquet"):
        with pytest.raises(DataError, match=f"like_count = '{path}': no (object has )?such"):
            rows_of(None, tmp_path, NOTE | {"like_count": path}, file=file)


def test_the_header_again_costs_a_line_and_names_no_note(tmp_path):
    (tmp_path / "n.csv").write_text("id,likes,t\n1,5,a\nid,likes,t\n2,6,b\n")
    rows, counts = rows_of(None, tmp_path, NOTE | {"title": "t"}, file="n.csv")
    assert (column(rows, "note_id"), counts.dropped) == (["1", "2"], {"dropped: lines that could not be read": 1})


@pytest.mark.parametrize(
    "joined", ["a.jpg|b.jpg", "a.jpg b.jpg", "a.jpg；b.jpg", "a.jpg，b.jpg", "a.jpg;b.jpg;", "a.jpg、b.jpg"]
)
def test_pictures_that_are_joined_by_other_characters(tmp_path, joined):
    (tmp_path / "n.csv").write_text(f'id,likes,p\n1,5,"{joined}"\n2,5,"my photo.jpg"\n3,5,"a|b.jpg"\n')
    rows, _ = rows_of(None, tmp_path, NOTE | {"images": "p"}, file="n.csv")
    assert sorted(uris(rows)) == [["a.jpg", "b.jpg"], ["a|b.jpg"], ["my photo.jpg"]]


def test_ids_that_a_spreadsheet_has_rounded_are_null_and_counted(tmp_path):
    ids = ["1.79579E+18", "7.5E+11", "1e5", "5e3a", "NULL", "1.5E+1"]
    (tmp_path / "n.csv").write_text("id,likes,t\n" + "".join(f"{one},1,{one}\n" for one in ids))
    write_lines(tmp_path, [{"id": one, "likes": 1, "t": one} for one in ids])
    for file, null_word in (("n.csv", None), ("n.jsonl", "NULL")):
        rows, counts = rows_of(None, tmp_path, NOTE | {"title": "t"}, file=file)
        assert sorted(map(str, column(rows, "note_id"))) == sorted(map(str, [None, None, "1e5", "5e3a", null_word, "1.5E+1"]))
        assert sorted(column(rows, "title")) == sorted(ids)
        [line] = [line for line in counts.lines() if "digits" in line]
        assert line.strip().startswith(
            "2  notes: note_id without its last digits (like 1.79579E+18): export the column as text"
        )


def test_a_nul_in_a_text_stays(tmp_path):
    write_lines(tmp_path, [{"id": "a", "likes": 1, "t": "nul \0 here"}])
    assert column(rows_of(None, tmp_path, NOTE | {"title": "t"}, file="n.jsonl")[0], "title") == ["nul \0 here"]


def test_without_likes_the_table_has_no_such_column(tmp_path):
    rows, _ = rows_of(pa.table({"id": ["a"]}), tmp_path, {"note_id": "id"})
    assert "like_count" not in rows[0]


def test_user_ids_are_never_shown(tmp_path):
    (tmp_path / "c.csv").write_text("uid,post,ts\nsecret,n,never\n")
    _, counts = rows_of(None, tmp_path, {"user_id": "uid", "note_id": "post", "clicked_at": "ts"}, "clicks", "c.csv")
    assert counts.lines()[-1].endswith("such as 'never'")
    assert "secret" not in "".join(counts.lines())
