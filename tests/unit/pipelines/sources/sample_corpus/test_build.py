"""The corpus on disk: in the form of the contract, with every truth true, and the same each time it is made."""

import hashlib
import io
import os
import re
import subprocess
import sys
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
import pdqhash
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from pipelines.sources.sample_corpus import build
from pipelines.sources.sample_corpus.bad_rows import bomb
from pipelines.sources.sample_corpus.build import MIN_NOTES, Sample, make_sample
from pipelines.sources.sample_corpus.repost_edits import EDITS
from schemas.datasets import NOTES
from schemas.errors import DataError, SettingsError

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[5]
NOTE_COUNT = 200


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    corpus = tmp_path_factory.mktemp("corpus") / "sample"
    make_sample(corpus, Sample(notes=NOTE_COUNT))
    return corpus


@pytest.fixture(scope="module")
def notes(folder):
    return pq.read_table(folder / "notes.parquet").to_pylist()


@pytest.fixture(scope="module")
def truth(folder):
    return {p.stem: pq.read_table(p).to_pylist() for p in (folder / "truth").glob("*.parquet")}


@pytest.fixture(scope="module")
def files(folder):
    return {p.stem: p for p in (folder / "images").iterdir()}


def test_the_notes_have_every_column_of_the_contract_and_as_many_rows_as_asked(folder, notes):
    result = pq.read_schema(folder / "notes.parquet")
    expected = [f for f in NOTES.columns if f.name not in ("image_count", "kept_because")]
    assert {f.name: f.type for f in result} == {f.name: f.type for f in expected}
    assert len(notes) == NOTE_COUNT


def test_every_picture_opens_but_those_that_are_wrong(folder, notes, truth):
    wrong = {o["id"] for o in truth["oddities"] if o["source"] == "images"}
    refused = set()
    for image in (i for n in notes for i in n["images"]):
        try:
            with Image.open(folder / image["uri"]) as opened:
                opened.load()
        except (OSError, Image.DecompressionBombError):
            refused.add(image["image_id"])
    assert refused == wrong
    assert len(wrong) == 4


def test_the_truth_knows_every_good_picture_once(notes, truth):
    wrong = {o["id"] for o in truth["oddities"]}
    listed = [(i["image_id"], n["note_id"]) for n in notes for i in n["images"] if i["image_id"] not in wrong]
    assert sorted(listed) == sorted((t["image_id"], t["note_id"]) for t in truth["images"])
    assert len({i for i, _ in listed}) == len(listed)


def test_every_copy_and_crop_has_its_family_in_another_note(truth):
    whole = defaultdict(set)
    for t in truth["images"]:
        if t["kind"] == "original":
            whole[t["family"]].add(t["note_id"])
    planted = [t for t in truth["images"] if t["kind"] != "original"]
    assert all(len(whole[t["family"]] - {t["note_id"]}) == 1 for t in planted)
    assert {t["edit"] for t in planted if t["kind"] == "copy"} == {e.name for e in EDITS}
    assert all((t["box"] is not None) == (t["kind"] == "crop") for t in planted)


def test_a_byte_copy_is_one_and_other_copies_are_not(truth, files):
    content = {t["image_id"]: files[t["image_id"]].read_bytes() for t in truth["images"]}
    for t in truth["images"]:
        if t["kind"] == "copy":
            assert (content[t["image_id"]] == content[t["family"]]) == (t["edit"] == "same_bytes"), t


def test_a_crop_lies_in_its_family_where_the_truth_says(truth, files):
    for t in truth["images"]:
        if t["kind"] != "crop":
            continue
        with Image.open(files[t["image_id"]]) as piece, Image.open(files[t["family"]]) as whole:
            box = [round(v * side) for v, side in zip(t["box"], whole.size * 2, strict=True)]
            cut = np.asarray(whole.convert("RGB").crop(box), int)
            assert np.abs(cut - np.asarray(piece.convert("RGB"), int)).mean() < 6


def test_pictures_of_two_families_are_no_near_duplicates_by_accident(truth, files):
    """PDQ: the radius of its authors is 31 of 256; with mirrors, peers go to 60."""
    hashes, kin = [], []
    for t in truth["images"]:
        with Image.open(files[t["image_id"]]) as image:
            hashes.append(pdqhash.compute_dihedral(np.asarray(image.convert("RGB").resize((128, 128))))[0])
        kin.append((t["note_id"], t["variant_of"] or t["family"]))
    bits = np.array(hashes, int)  # [pictures, 8 turns and flips, 256]
    plain, counts = bits[:, 0], bits.sum(axis=2)
    distance = np.min([counts[:, :1] + counts[:, k] - 2 * plain @ bits[:, k].T for k in range(8)], axis=0)
    unrelated = np.array([[a[0] != b[0] and a[1] != b[1] for b in kin] for a in kin])
    assert unrelated.sum() > 50_000
    assert distance[unrelated].min() > 60


def test_a_variant_is_its_own_family_and_tells_another_colour(truth):
    truths = {t["image_id"]: t for t in truth["images"]}
    variants = [t for t in truth["images"] if t["variant_of"]]
    assert len(variants) >= 8
    for t in variants:
        words, before = (re.findall(r"[\w-]+", x["en"]) for x in (t, truths[t["variant_of"]]))
        words, before = ([w for w in x if w not in ("A", "An", "a", "an")] for x in (words, before))
        assert len(words) == len(before)
        assert sum(a != b for a, b in zip(words, before, strict=True)) == 1
        assert t["family"] == t["image_id"] != t["variant_of"]


def test_a_quote_stands_in_both_notes(notes, truth):
    bodies = {n["note_id"]: n["body"] for n in notes}
    assert len(truth["passages"]) >= 15
    for t in truth["passages"]:
        assert t["passage"] in bodies[t["source_note"]]
        assert (t["passage"] in bodies[t["target_note"]]) == (t["edit_rate"] == 0)
        pieces = {t["passage"][k : k + 6] for k in range(len(t["passage"]) - 5)}
        assert sum(p in bodies[t["target_note"]] for p in pieces) / len(pieces) > 0.35
    assert {t["edit_rate"] for t in truth["passages"]} == {0.0, 0.03, 0.08}


def test_few_notes_share_a_passage_by_accident(notes, truth):
    """A run of 28 letters or 14 Chinese characters that stands in two to five notes."""
    stands = defaultdict(set)
    for note in notes:
        bare = re.sub(r"[\W_]+", "", f"{note['title'] or ''}{note['body'] or ''}").lower()
        ends = np.cumsum([1 + (c >= "\u2e80") for c in bare])
        for start, before in enumerate([0, *ends[:-1]]):
            end = int(np.searchsorted(ends, before + 28))
            if end < len(bare):
                stands[bare[start : end + 1]].add(note["note_id"])
    shared = {frozenset((a, b)) for s in stands.values() if 2 <= len(s) <= 5 for a in s for b in s if a < b}
    planted = {frozenset((t["source_note"], t["target_note"])) for t in truth["passages"]}
    assert len(shared & planted) > 0.8 * len(planted)
    assert len(shared - planted) < 0.1 * len(notes)


def test_likes_stand_on_both_sides_of_the_filters_edge(notes):
    likes = [n["like_count"] for n in notes]
    assert 100 in likes and 101 in likes and -5 in likes
    assert 0.6 < sum(v > 100 for v in likes) / len(likes) < 0.95


def test_wrong_rows_are_wrong_as_told(notes, truth):
    faults = {o["fault"]: o["id"] for o in truth["oddities"]}
    ids = Counter(n["note_id"] for n in notes)
    assert [n for n, count in ids.items() if count > 1] == [faults["note_id twice"]]
    assert [n["note_id"] for n in notes if n["like_count"] < 0] == [faults["negative likes"]]
    assert ids[""] == 1
    with pytest.raises(Image.DecompressionBombError):
        Image.open(io.BytesIO(bomb()))
    assert len(bomb()) < 1000


def test_notes_are_as_varied_as_peoples(notes, truth):
    chinese = sum(bool(re.search(r"[\u4e00-\u9fff]", n["title"] or n["body"])) for n in notes) / len(notes)
    assert 0.5 < chinese < 0.75
    assert len({n["topic"] for n in notes if n["topic"]}) == 8
    assert {len(n["images"]) for n in notes} >= {1, 2, 3, 4}
    assert {n["note_type"] for n in notes} == {"image", "video"}
    assert any(n["topic"] is None for n in notes) and any(n["title"] is None for n in notes)
    lettered = sum(t["text"] is not None for t in truth["images"]) / len(truth["images"])
    assert 0.1 < lettered < 0.4


def test_copies_carry_the_words_and_the_description_of_what_they_copy(truth):
    truths = {t["image_id"]: t for t in truth["images"]}
    for t in truth["images"]:
        if t["kind"] == "copy" and t["edit"] != "mirrored":
            assert t["en"] == truths[t["family"]]["en"]
        if t["kind"] == "copy" and t["edit"] not in ("captioned",):
            assert t["text"] == truths[t["family"]]["text"]


def test_a_corpus_that_is_there_is_left_as_it_is(folder, monkeypatch):
    before = _sums(folder)
    monkeypatch.setattr(build, "_write", None)  # making it again would fail
    make_sample(folder, Sample(notes=NOTE_COUNT))
    assert _sums(folder) == before


@pytest.mark.slow
def test_a_run_that_was_killed_leaves_nothing_in_place_and_is_made_again(tmp_path, monkeypatch):
    corpus = tmp_path / "sample"
    with monkeypatch.context() as killed:
        killed.setattr(build, "click_log", _killed)
        with pytest.raises(KeyboardInterrupt):
            make_sample(corpus, Sample(notes=MIN_NOTES))
    assert list(tmp_path.iterdir()) == []
    make_sample(corpus, Sample(notes=MIN_NOTES))
    assert [p.name for p in tmp_path.iterdir()] == ["sample"]
    assert pq.read_table(corpus / "notes.parquet").num_rows == MIN_NOTES


@pytest.mark.slow
def test_other_settings_make_the_corpus_anew(tmp_path):
    make_sample(tmp_path / "sample", Sample(notes=MIN_NOTES))
    before = _sums(tmp_path)
    make_sample(tmp_path / "sample", Sample(notes=MIN_NOTES, seed=1))
    after = _sums(tmp_path)
    assert before["sample/notes.parquet"] != after["sample/notes.parquet"]
    assert not any(name.startswith("sample/images/") for name in before.keys() & after.keys())


def test_a_folder_with_something_else_in_it_is_left_alone(tmp_path):
    (tmp_path / "thesis.txt").write_text("ten years of work")
    with pytest.raises(DataError, match=r"got files without sample\.json"):
        make_sample(tmp_path, Sample(notes=MIN_NOTES))
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.txt"]


def _killed(*_):
    raise KeyboardInterrupt


def test_too_few_notes_are_a_users_mistake(tmp_path):
    with pytest.raises(SettingsError, match=r"sample\.notes: expected at least 60 .*got 10"):
        make_sample(tmp_path / "sample", Sample(notes=10))


@pytest.mark.slow
def test_the_same_seed_makes_the_same_bytes_in_every_process_and_another_seed_others(tmp_path):
    program = "import sys; from pathlib import Path; from pipelines.sources.sample_corpus.build import *; make_sample(Path(sys.argv[1]), Sample(notes=60, seed=int(sys.argv[2])))"
    sums = []
    for name, seed, hashing in (("a", "0", "1"), ("b", "0", "2"), ("c", "1", "1")):
        environment = os.environ | {"PYTHONHASHSEED": hashing, "PYTHONPATH": str(ROOT)}
        subprocess.run([sys.executable, "-c", program, str(tmp_path / name), seed], check=True, env=environment, timeout=120)
        sums.append(_sums(tmp_path / name))
    assert sums[0] == sums[1]
    pictures = [set(s.values()) for s in ({k: v for k, v in s.items() if k.startswith("images")} for s in sums)]
    shared = pictures[0] & pictures[2]
    assert shared <= {hashlib.sha256(b).hexdigest() for b in (b"", b"\xff\xd8\xff\xe0 not a picture", bomb())}


def _sums(folder):
    return {
        str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(folder.rglob("*")) if p.is_file()
    }


def test_the_truths_schemas_are_those_of_the_benchmark(folder):
    result = {p.stem: set(pq.read_schema(p).names) for p in (folder / "truth").glob("*.parquet")}
    assert result["images"] >= {"image_id", "note_id", "family", "edit", "kind", "box"}
    assert result["passages"] == {"source_note", "target_note", "host_note", "passage", "edit_rate"}
    assert result["oddities"] >= {"id", "fault"}
    assert result["aliases"] == {"a", "b"}
    assert pq.read_schema(folder / "truth" / "images.parquet").field("box").type == pa.list_(pa.float64())
