"""A chunk: pictures are read once, a bad one costs its own pairs, blank ones are grey."""

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from pipelines.items.failure_reasons import Reason
from pipelines.judge.judge_chunk import CHUNK, ChunkJudge, Pictures, refused, said, spelled, unspelled
from pipelines.judge.protocol import NO_PICTURE, NOT_ASKED, REFUSED, SCORES, UNAVAILABLE
from pipelines.judge.score_cache import SAID
from pipelines.media.decode import BadPicture
from schemas.errors import DataError
from tests.unit.pipelines.judge.tables import Counting, item, pairs


def rows(asked, uris, blank=False):
    made = [
        {name: row[name] for name in ("query_id", "candidate_id", "task", "query", "candidate")}
        | {
            "pictures": "x",
            "files": [
                {"image_id": i, "uri": uris[i]} for s in ("query", "candidate") for i in row[s]["image_ids"] if i in uris
            ],
            "blank": blank,
        }
        for row in asked.to_pylist()
    ]
    return pa.Table.from_pylist(made, CHUNK)


@pytest.fixture
def uris(tmp_path):
    Image.new("RGB", (60, 30), (200, 10, 10)).save(tmp_path / "a.png")
    (tmp_path / "bad.png").write_bytes(b"no picture")
    return {"a0": str(tmp_path / "a.png"), "bad": str(tmp_path / "bad.png"), "gone": str(tmp_path / "gone.png")}


ASKED = pairs(
    (item("image", "a", ["a0"]), item("note", "b", ["bad"], "four")),
    (item("image", "a", ["a0"]), item("note", "c", ["gone"], "six")),
)


def test_pictures_are_read_small_and_what_cannot_be_read_has_its_reason(uris):
    read = Pictures(side=20, looks=True)(rows(ASKED, uris))
    assert read["a0"].shape == (10, 20, 3)
    assert isinstance(read["bad"], BadPicture) and read["bad"].reason == "not a picture" and uris["bad"] in read["bad"].detail
    assert isinstance(read["gone"], BadPicture) and read["gone"].reason == Reason.MISSING_FILE


def test_a_judge_that_does_not_look_reads_no_file(uris):
    assert Pictures(side=20, looks=False)(rows(ASKED, uris)) == {}


def test_answers_carry_the_whole_key():
    judge = Counting()
    found = ChunkJudge(judge)(rows(ASKED, {}), {})
    assert found.schema.equals(SAID)
    assert found.column("score").to_pylist() == [0.4, 0.3]
    assert set(found.column("pictures").to_pylist()) == {"x"}


def test_blank_pictures_are_grey_and_no_answer_goes_to_the_other_pair(uris):
    judge = Counting()
    both = pa.concat_tables([rows(ASKED, uris, blank=True), rows(ASKED.slice(0, 1), uris)])
    found = ChunkJudge(judge)(both, Pictures(side=20, looks=True)(both))
    plain, blank = judge.shown
    assert len(np.unique(blank["a0"])) == 1 and plain["a0"][0, 0].tolist() == [200, 10, 10]
    assert found.column("candidate_id").to_pylist() == [
        *ASKED.slice(0, 1).column("candidate_id").to_pylist(),
        *ASKED.column("candidate_id").to_pylist(),
    ]


def test_a_judge_that_answers_other_pairs_is_found_out():
    turned = pa.Table.from_pylist([{"query_id": "x", "candidate_id": "y", "score": 1.0}] * 2, SCORES)
    with pytest.raises(RuntimeError, match="answered other pairs than it was asked"):
        said(rows(ASKED, {}), turned)


def test_refused_rows_have_the_reason():
    found = refused(rows(ASKED, {}), "its process died", "twice")
    assert found.column("reason").to_pylist() == ["its process died"] * 2
    assert found.column("score").null_count == 2


def test_model_and_question_survive_as_one_string():
    judge = Counting()
    judge.model = 'odd "name", [1]'
    assert unspelled(spelled(judge)) == (judge.model, judge.prompt_hash)


class Saying:
    """Gives these reasons, None for a score, chunk after chunk."""

    model, prompt_hash = "saying#1", "0123"

    def __init__(self, *chunks):
        self.chunks = list(chunks)

    def __call__(self, rows, pictures):
        reasons = self.chunks.pop(0)
        made = [
            {
                "query_id": r["query_id"],
                "candidate_id": r["candidate_id"],
                "score": None if why else 0.5,
                "reason": why,
                "detail": why and f"{n}: key",
            }
            for n, (r, why) in enumerate(zip(rows.to_pylist(), reasons, strict=True))
        ]
        return pa.Table.from_pylist(made, SCORES)


def judged(*chunks, **options):
    judge = ChunkJudge(Saying(*chunks), **options)
    for reasons in chunks:
        judge(rows(pa.concat_tables([ASKED.slice(0, 1)] * len(reasons)), {}), {})


def test_first_pairs_without_any_score_end_the_job_with_one_detail_a_reason():
    with pytest.raises(
        DataError,
        match=r"none of the first 5 pairs that were asked has a score: server refused \(4\), such as: 0: key; model failed \(1\), such as: 4: key; mend",
    ):
        judged([REFUSED] * 4 + ["model failed"])


def test_one_score_among_the_first_is_enough_for_all_that_follow():
    judged([REFUSED] * 8 + [None], [REFUSED] * 9)


def test_few_refused_pairs_may_each_be_at_fault_and_together_they_may_not():
    judged([REFUSED] * 3, [None])
    with pytest.raises(DataError, match="none of the first 5 pairs"):
        judged([REFUSED] * 3, [REFUSED] * 2)


def test_pairs_that_nobody_was_asked_about_say_nothing_of_the_judge():
    judged([NO_PICTURE] * 9, [NOT_ASKED, Reason.MISSING_FILE] * 5, [None])


def test_pairs_that_were_refused_before_may_be_refused_again():
    judged([REFUSED] * 9, fresh=False)


def test_a_server_that_is_away_for_a_whole_chunk_ends_the_job_at_any_time():
    """Each of its pairs has waited for all attempts: 100,000 of them would wait for days."""
    with pytest.raises(DataError, match="none of the last 6 pairs"):
        judged([None] * 9, [UNAVAILABLE] * 6)
    judged([None] * 9, [UNAVAILABLE] * 6 + [None])
