"""Batches of texts to fingerprints and digests."""

import pyarrow as pa

from pipelines.mining.text import fingerprint_batches
from pipelines.mining.text.settings import PartialText

LONG = "先把五花肉切成小块冷水下锅焯水捞出后用温水洗净" * 4


def batches(*texts, size=10):
    rows = [{"note_id": str(n), "text": t, "body_at": t.find("\n") + 1} for n, t in enumerate(texts)]
    return [pa.RecordBatch.from_pylist(rows[n : n + size]) for n in range(0, len(rows), size)]


def rows(result, schema):
    return sorted(map(tuple, (r.values() for r in pa.Table.from_batches(result, schema).to_pylist())))


def test_fingerprints_do_not_depend_on_the_batches(monkeypatch):
    texts = [LONG, "Hello, world, this is a note about nothing in particular.", "", "好", LONG[5:]]
    whole = rows(fingerprint_batches.fingerprints(batches(*texts), PartialText()), fingerprint_batches.FINGERPRINTS)
    monkeypatch.setattr(fingerprint_batches, "CHARS_AT_ONCE", 10)
    assert (
        rows(fingerprint_batches.fingerprints(batches(*texts, size=2), PartialText()), fingerprint_batches.FINGERPRINTS)
        == whole
    )
    assert {note for _, note, *_ in whole} == {"0", "1", "4"}


def test_a_gram_is_odd_and_a_link_is_even():
    folded = fingerprint_batches.fingerprints(batches(LONG), PartialText())
    kinds = [{v & 1 for v in b["fingerprint"].to_pylist()} for b in folded]
    assert kinds == [{1}, {0}]


def digests(*texts, least=160, least_body=50):
    """By note and is_whole: the other columns."""
    result = fingerprint_batches.digests(batches(*texts), least, least_body)
    return {(r[0], r[2]): r for r in rows(result, fingerprint_batches.DIGESTS)}


def test_a_gram_with_boilerplate_in_it_is_no_fingerprint():
    tag = "#今日穿搭[话题]# #显瘦穿搭[话题]# #秋冬穿搭灵感[话题]# #通勤穿搭[话题]# #小个子穿搭[话题]#"
    bare, tagged = (
        {
            (fingerprint, at)
            for fingerprint, _, at, _ in rows(
                fingerprint_batches.fingerprints(batches(text), PartialText()), fingerprint_batches.FINGERPRINTS
            )
        }
        for text in (LONG, LONG + tag)
    )
    assert tagged and tagged <= bare


def test_digests_keep_numbers_apart_and_ignore_marks_and_tags():
    result = digests(LONG + "1 克", LONG + "，１克！ #减肥 @anna http://t.cn/x", LONG + "2 克", "short")
    assert result["0", True][1] == result["1", True][1] != result["2", True][1]
    assert "3" not in {note for note, _ in result}
    with_tags = digests(LONG + "1 克，减肥ANNA http t cn x", LONG + "1 克 #减肥 @anna http://t.cn/x")
    assert with_tags["0", True][1] == with_tags["1", False][1] != with_tags["1", True][1]


def test_tags_alone_have_no_digest():
    assert digests("#今日穿搭 #显瘦穿搭 #秋冬穿搭灵感 @anna http://example.com/a/long/path", least=16) == {}


def test_a_digest_has_the_place_and_the_width_of_its_text():
    result = digests(f" ✨{LONG}! ")
    assert result["0", True][3:] == (2 * len(LONG), len(LONG), 2, 2 + len(LONG))


def test_a_body_has_a_digest_of_its_own_below_a_title_with_letters():
    result = digests(f"红烧肉\n{LONG}", f"✨\n{LONG}", f"红烧肉\n{LONG[:20]}", least=16)
    assert set(result) == {("0", True), ("0", False), ("1", True), ("2", True)}  # the last body is too short
    assert result["0", False][1] == result["1", True][1]
    assert result["0", False][5:] == (4, 4 + len(LONG))
