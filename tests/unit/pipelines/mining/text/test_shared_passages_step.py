"""The Spark step on small tables: what it finds, what it leaves, and that order and partitions do not matter."""

import dataclasses
import random

import networkx
import pyarrow as pa
import pytest

from pipelines.items.spark_columns import spark_type
from pipelines.mining.text import fingerprint_batches
from pipelines.mining.text.normalise import fold
from pipelines.mining.text.settings import PartialText
from pipelines.mining.text.shared_passages_step import shared_passages
from pipelines.mining.text.winnowing import widths
from schemas.datasets import PAIRS
from schemas.item import full_text

SETTINGS = PartialText()
RECIPE = "先把五花肉切成小块，冷水下锅焯水，捞出后用温水洗净沥干。"
ENGLISH = "Soak the beans overnight, then simmer them gently with a bay leaf until tender."
TEMPLATE = "今天的天气真不错，和朋友们一起去公园里走了走，看了看花！"
COLUMNS = "note_id string, title string, body string"


def notes(spark, rows):
    return spark.createDataFrame(rows, COLUMNS)


def mined(spark, rows, settings=SETTINGS):
    output, _ = shared_passages(notes(spark, rows), settings)
    result = {(r.query.note_id, r.target.note_id): r for r in output.rows.collect()}
    return result, output.dropped


def counts(dropped):
    return {r.reason: r.rows for r in dropped.collect()}


def chatter(seed, length=60):
    rng = random.Random(seed)
    return "".join(chr(rng.randrange(0x4E00, 0x9000)) for _ in range(length))


def test_finds_what_two_notes_share_and_says_where(spark):
    rows = [
        ("b", "红烧肉", f"{chatter(1)}\n{RECIPE}{chatter(2)}"),
        ("a", None, f"{chatter(3)} {RECIPE.replace('，', ' ✨')}"),
        ("c", "Bean soup", ENGLISH + " Enjoy!"),
        ("d", "More beans", "She says: soak the beans ovrnight, then simmer them gentlyy with a bay leaf untl tender"),
        ("e", "", ""), ("f", None, None), ("g", "x", "y"), ("h", "好", "🎉\u200d"),
    ]  # fmt: skip
    result, _ = mined(spark, rows)
    assert set(result) == {("a", "b"), ("c", "d")}
    texts = {note: full_text(title, body) for note, title, body in rows}
    for (query, target), row in result.items():
        spans = row.evidence
        assert row.query.text == texts[query][spans.query_start : spans.query_end]
        assert row.target.text == texts[target][spans.target_start : spans.target_end]
        assert row.score == spans.containment == pytest.approx(spans.shared_chars / shorter(texts[query], texts[target]))
    assert result["a", "b"].target.text == RECIPE[:-1]
    assert result["c", "d"].target.text == rows[3][2][10:]


def shorter(*texts):
    return min(len(fold([t]).text(0)) for t in texts)


def test_rows_have_the_columns_of_pairs(spark):
    output = shared_passages(notes(spark, [("a", RECIPE, None), ("b", None, RECIPE)]), SETTINGS)[0]
    assert [f.name for f in output.rows.schema] == PAIRS.columns.names
    assert [f.dataType.simpleString() for f in output.rows.schema] == [spark_type(f.type) for f in PAIRS.columns]


def test_boilerplate_ties_nobody_and_is_counted(spark):
    rows = [(f"n{k}", None, chatter(k) + TEMPLATE) for k in range(8)]
    result, dropped = mined(spark, rows)
    assert result == {}
    assert counts(dropped)["fingerprint in more than max_document_frequency notes"] > 8


def test_boilerplate_with_other_words_around_it_is_still_boilerplate(spark):
    rows = [(f"n{k}", f"{chatter(k // 2, 3)}", TEMPLATE) for k in range(12)]
    assert mined(spark, rows)[0] == {}


def test_ties_every_copy_of_a_long_text_to_the_first(spark):
    text = chatter(5, 120)
    rows = [(f"n{k}", None, text[:60] + "，！"[k % 2] + text[60:]) for k in range(9)]
    result, dropped = mined(spark, rows)
    assert set(result) == {("n0", f"n{k}") for k in range(1, 9)}
    assert {r.score for r in result.values()} == {1.0}
    assert counts(dropped)["whole text equal to another note's: paired with the first of them only"] == 8


def test_ties_a_text_that_went_round_with_other_words_around_it(spark):
    text = chatter(6, 120)
    rows = [(f"n{k}", chatter(100 + k, 5), text + chatter(200 + k, 9)) for k in range(9)]
    result, _ = mined(spark, rows)
    star = {("n0", f"n{k}") for k in range(1, 9)}
    assert star <= set(result)
    assert len(result) < 9 * 8 / 2
    assert all(r.evidence.shared_chars >= 120 for r in result.values())


def tied(spark, rows):
    """The notes of each component of pairs and ties, those with more than one note."""
    pairs, ties = shared_passages(notes(spark, rows), SETTINGS)
    graph = networkx.Graph([(r.query.note_id, r.target.note_id) for r in pairs.rows.collect()])
    graph.add_edges_from((r.note_id_l, r.note_id_r) for r in ties.rows.collect())
    return {frozenset(c) for c in networkx.connected_components(graph)}


def test_frequent_short_texts_are_no_pairs_but_one_component(spark):
    rows = [
        *[(f"n{k}", None, "姐妹们这家店真的太好吃了下次还要来啊" + "。！"[k % 2]) for k in range(12)],
        *[(f"m{k}", f"{chatter(k, 12)}", "奶奶家的猫今天又上了房顶我们一家人都在院子里等着它下来吃饭") for k in range(9)],
        *[(f"s{k}", None, "早安") for k in range(9)],
        *[(f"h{k}", None, "#早安 #打卡 #生活 #日常 #每天 #开心") for k in range(9)],
    ]
    assert mined(spark, rows)[0] == {}
    assert tied(spark, rows) == {frozenset(f"{x}{k}" for k in range(n)) for x, n in (("n", 12), ("m", 9))}


def test_texts_of_which_one_contains_the_other_are_one_component_however_frequent(spark):
    text = chatter(7, 40)
    rows = [(f"n{k}", None, text[: 40 - k % 3] + chatter(500 + k, k % 8)) for k in range(14)]
    assert tied(spark, rows) == {frozenset(n for n, *_ in rows)}


@pytest.mark.parametrize(
    "line",
    [
        "#travelgram #wanderlust #instatravel #photooftheday #naturelovers",
        "Website: https://www.example.com/shop/autumn-sale?utm_source=note&utm_medium=social",
        "点赞收藏关注我，下期更精彩，记得分享给你的朋友们哦",
        "商务合作请加微信：summer_2026_studio，工作日早九点到晚六点",
        "This post contains affiliate links, which means I may earn a small commission at no extra cost to you.",
        "Lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor incididunt.",
        "哈哈哈哈哈哈哈哈哈哈哈哈哈哈哈哈哈哈哈哈哈哈哈哈哈哈哈哈",
    ],
)
def test_three_unlike_posts_with_one_line_of_boilerplate_are_not_tied(line):
    texts = [f"{chatter(900 + k)}\n{line}" for k in range(3)]
    batch = pa.RecordBatch.from_pylist([{"note_id": str(k), "text": t} for k, t in enumerate(texts)])
    found = pa.Table.from_batches(fingerprint_batches.fingerprints([batch], SETTINGS)).to_pylist()
    assert found
    assert len({r["fingerprint"] for r in found}) == len(found)  # no two texts have one in common


def test_caps_the_pairs_of_a_note_and_counts_the_rest(spark):
    quotes = [chatter(300 + k, 30 + k) for k in range(6)]
    rows = [("hub", None, "。".join(quotes)), *[(f"n{k}", None, chatter(400 + k) + q) for k, q in enumerate(quotes)]]
    result, dropped = mined(spark, rows, dataclasses.replace(SETTINGS, max_pairs_per_note=4))
    assert len(result) == 4
    assert counts(dropped)["candidate pair beyond max_pairs_per_note"] == 2


@pytest.fixture(scope="module")
def corpus():
    """Notes of made-up words in which passages stand verbatim or retyped, and lines stand everywhere."""
    rng = random.Random(11)
    lexicon = ["".join(rng.choice("abcdefghijklmnopqrstuvwxyz") for _ in range(rng.randint(3, 8))) for _ in range(400)]
    lexicon += ["".join(chr(rng.randrange(0x4E00, 0x5400)) for _ in range(2)) for _ in range(400)]
    texts = [" ".join(rng.choices(lexicon, k=rng.randint(5, 60))) for _ in range(60)]
    for k in range(0, 60, 2):
        passage = texts[k][: rng.randint(10, 120)]
        retyped = "".join(c for c in passage if rng.random() > 0.04) if k % 4 else passage
        texts[k + 1] = f"{texts[k + 1]} {retyped} {rng.choice(lexicon)}"
    # Beside boilerplate some characters count as boilerplate too: keep the passages away from it.
    texts = [f"{t}\n{chatter(n, 10)}{TEMPLATE}" if n % 3 == 0 else t for n, t in enumerate(texts)]
    return [(f"n{n:02}", None, t) for n, t in enumerate(texts)]


def longest_common_run(a, b):
    """Width of the widest run of folded characters in both, by dynamic programming over every cell."""
    codes = [fold([t]).codes for t in (a, b)]
    width = widths(codes[0]).tolist()
    best, above = 0, [0] * (len(codes[1]) + 1)
    for i, x in enumerate(codes[0].tolist()):
        row = [0]
        for j, y in enumerate(codes[1].tolist()):
            row.append(above[j] + width[i] if x == y else 0)
        best, above = max(best, *row), row
    return best


def test_finds_every_pair_that_shares_a_run_outside_boilerplate(spark, corpus):
    bare = [(n, t.replace(TEMPLATE, "")) for n, _, t in corpus]
    expected = {
        (n, m)
        for k, (n, a) in enumerate(bare)
        for m, b in bare[k + 1 :]
        if longest_common_run(a, b) >= SETTINGS.min_shared_chars
    }
    result, _ = mined(spark, corpus)
    assert expected
    assert expected <= set(result)
    planted = {(corpus[k][0], corpus[k + 1][0]) for k in range(0, 60, 2)}
    assert set(result) <= planted


@pytest.mark.parametrize("partitions", [1, 2, 7])
def test_the_same_rows_whatever_the_partitions_and_the_order(spark, corpus, partitions):
    def rows(frame):
        output, _ = shared_passages(frame, SETTINGS)
        answer = sorted(output.rows.collect(), key=lambda r: r.pair_id), sorted(output.dropped.collect())
        spark.catalog.clearCache()
        return answer

    shuffled = list(corpus)
    random.Random(partitions).shuffle(shuffled)
    assert rows(notes(spark, shuffled).repartition(partitions)) == rows(notes(spark, corpus).coalesce(1))


def test_lives_through_a_megabyte_of_laughter(spark):
    rows = [("a", None, "哈" * 1_000_000), ("b", None, "哈" * 900_000), ("c", None, "word " * 200_000)]
    result, _ = mined(spark, rows)
    assert result == {}  # repetition is no passage
