"""Batches of texts to fingerprints and digests."""

import pyarrow as pa

from pipelines.mining.text import fingerprint_batches
from pipelines.mining.text.settings import PartialText

LONG = "先把五花肉切成小块冷水下锅焯水捞出后用温水洗净" * 4


def batches(*texts, size=10):
    rows = [{"note_id": str(n), "text": t} for n, t in enumerate(texts)]
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
    assert {note for _, note, _ in whole} == {"0", "1", "4"}


def test_a_gram_is_odd_and_a_link_is_even():
    folded = fingerprint_batches.fingerprints(batches(LONG), PartialText())
    kinds = [{v & 1 for v in b["fingerprint"].to_pylist()} for b in folded]
    assert kinds == [{1}, {0}]


def test_digests_tell_numbers_apart_and_nothing_else():
    texts = [LONG + "1 克", LONG + "，１克！", LONG + "2 克", "short"]
    result = {
        note: digest
        for note, digest, *_ in rows(fingerprint_batches.digests(batches(*texts), 160), fingerprint_batches.DIGESTS)
    }
    assert result["0"] == result["1"] != result["2"]
    assert "3" not in result


def test_digests_say_what_is_kept_of_the_text():
    [row] = rows(fingerprint_batches.digests(batches(f" ✨{LONG}! "), 160), fingerprint_batches.DIGESTS)
    assert row[2:] == (len(LONG), 2, 2 + len(LONG))
