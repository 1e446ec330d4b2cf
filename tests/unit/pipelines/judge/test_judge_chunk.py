"""A chunk: pictures are read once, a bad one fails only its own pairs, blank ones are grey."""

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from pipelines.items.failure_reasons import Reason
from pipelines.judge.judge_chunk import CHUNK, ChunkJudge, PictureReader, from_model_key, to_model_key, with_key, without_score
from pipelines.judge.protocol import NO_PICTURE, NOT_ASKED, REFUSED, SCORES, UNAVAILABLE
from pipelines.judge.score_cache import ANSWERS
from pipelines.media.decode import BadPicture
from schemas.errors import DataError
from tests.unit.pipelines.judge.tables import CountingJudge, item, pairs


def rows(table, uris, blank=False):
    chunk_rows = [
        {name: row[name] for name in ("query_id", "candidate_id", "task", "query", "candidate")}
        | {
            "pictures": "x",
            "files": [
                {"image_id": i, "uri": uris[i]} for s in ("query", "candidate") for i in row[s]["image_ids"] if i in uris
            ],
            "blank": blank,
        }
        for row in table.to_pylist()
    ]
    return pa.Table.from_pylist(chunk_rows, CHUNK)


@pytest.fixture
def uris(tmp_path):
    Image.new("RGB", (60, 30), (200, 10, 10)).save(tmp_path / "a.png")
    (tmp_path / "bad.png").write_bytes(b"no picture")
    return {"a0": str(tmp_path / "a.png"), "bad": str(tmp_path / "bad.png"), "gone": str(tmp_path / "gone.png")}


PAIRS = pairs(
    (item("image", "a", ["a0"]), item("note", "b", ["bad"], "four")),
    (item("image", "a", ["a0"]), item("note", "c", ["gone"], "six")),
)


def test_pictures_are_reduced_and_an_unreadable_one_has_its_reason(uris):
    pictures = PictureReader(side=20, enabled=True)(rows(PAIRS, uris))
    assert pictures["a0"].shape == (10, 20, 3)
    assert (
        isinstance(pictures["bad"], BadPicture)
        and pictures["bad"].reason == "not a picture"
        and uris["bad"] in pictures["bad"].detail
    )
    assert isinstance(pictures["gone"], BadPicture) and pictures["gone"].reason == Reason.MISSING_FILE


def test_no_file_is_read_for_a_judge_that_reads_no_pictures(uris):
    assert PictureReader(side=20, enabled=False)(rows(PAIRS, uris)) == {}


def test_answers_have_the_whole_key():
    judge = CountingJudge()
    answers = ChunkJudge(judge)(rows(PAIRS, {}), {})
    assert answers.schema.equals(ANSWERS)
    assert answers.column("score").to_pylist() == [0.4, 0.3]
    assert set(answers.column("pictures").to_pylist()) == {"x"}


def test_blank_pictures_are_grey_and_no_answer_goes_to_another_pair(uris):
    judge = CountingJudge()
    both = pa.concat_tables([rows(PAIRS, uris, blank=True), rows(PAIRS.slice(0, 1), uris)])
    answers = ChunkJudge(judge)(both, PictureReader(side=20, enabled=True)(both))
    plain, blank = judge.pictures
    assert len(np.unique(blank["a0"])) == 1 and plain["a0"][0, 0].tolist() == [200, 10, 10]
    assert answers.column("candidate_id").to_pylist() == [
        *PAIRS.slice(0, 1).column("candidate_id").to_pylist(),
        *PAIRS.column("candidate_id").to_pylist(),
    ]


def test_a_judge_that_returns_other_pairs_is_an_error():
    turned = pa.Table.from_pylist([{"query_id": "x", "candidate_id": "y", "score": 1.0}] * 2, SCORES)
    with pytest.raises(RuntimeError, match="returned other pairs than it got"):
        with_key(rows(PAIRS, {}), turned)


def test_rows_without_score_have_the_reason():
    answers = without_score(rows(PAIRS, {}), "its process died", "twice")
    assert answers.column("reason").to_pylist() == ["its process died"] * 2
    assert answers.column("score").null_count == 2


def test_model_and_question_survive_as_one_string():
    judge = CountingJudge()
    judge.model = 'odd "name", [1]'
    assert from_model_key(to_model_key(judge)) == (judge.model, judge.prompt_hash)


class ScriptedJudge:
    """Returns these reasons, None for a score, chunk after chunk."""

    model, prompt_hash = "scripted#1", "0123"

    def __init__(self, *chunks):
        self.chunks = list(chunks)

    def __call__(self, rows, pictures):
        reasons = self.chunks.pop(0)
        scores = [
            {
                "query_id": r["query_id"],
                "candidate_id": r["candidate_id"],
                "score": None if why else 0.5,
                "reason": why,
                "detail": why and f"{n}: key",
            }
            for n, (r, why) in enumerate(zip(rows.to_pylist(), reasons, strict=True))
        ]
        return pa.Table.from_pylist(scores, SCORES)


def judge_chunks(*chunks, **options):
    judge = ChunkJudge(ScriptedJudge(*chunks), **options)
    for reasons in chunks:
        judge(rows(pa.concat_tables([PAIRS.slice(0, 1)] * len(reasons)), {}), {})


def test_first_pairs_without_any_score_end_the_job_with_one_detail_per_reason():
    with pytest.raises(
        DataError,
        match=r"none of the first 5 pairs has a score: server refused \(4\), such as: 0: key; model failed \(1\), such as: 4: key; fix",
    ):
        judge_chunks([REFUSED] * 4 + ["model failed"])


def test_one_score_among_the_first_is_enough_for_all_that_follow():
    judge_chunks([REFUSED] * 8 + [None], [REFUSED] * 9)


def test_a_few_failed_pairs_are_tolerated_and_many_together_are_not():
    judge_chunks([REFUSED] * 3, [None])
    with pytest.raises(DataError, match="none of the first 5 pairs"):
        judge_chunks([REFUSED] * 3, [REFUSED] * 2)


def test_pairs_that_were_not_sent_do_not_count_against_the_judge():
    judge_chunks([NO_PICTURE] * 9, [NOT_ASKED, Reason.MISSING_FILE] * 5, [None])


def test_pairs_that_failed_before_may_fail_again():
    judge_chunks([REFUSED] * 9, fresh=False)


def test_a_server_that_is_unavailable_for_a_whole_chunk_ends_the_job_at_any_time():
    """Each of its pairs has waited for all attempts: 100,000 of them would wait for days."""
    with pytest.raises(DataError, match="none of the last 6 pairs"):
        judge_chunks([None] * 9, [UNAVAILABLE] * 6)
    judge_chunks([None] * 9, [UNAVAILABLE] * 6 + [None])
