"""Recall and precision of partial text on real posts with boilerplate, quotes, near copies and contained texts.

    python benchmarks/real_texts.py --data ../shared/data

Posts (weibo), recipes (howtocook) and captions (tinycoco) of --data; what is added to them is below. Prints by kind: wanted
ties and how many were found as pairs and as components; pairs that were not wanted; and on the weibo posts as they
are the pairs that share 60 letters or more by an independent count and are in two components, or two splits.
"""

import argparse
import hashlib
import itertools
import json
import random
import sys
import unicodedata
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import networkx
import pyarrow as pa
from pyspark.sql import SparkSession

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.text_scaling import session
from pipelines.mining.text.settings import PartialText
from pipelines.mining.text.shared_passages_step import shared_passages

LINES = {
    "hashtags": [
        "#autumnvibes #coffeetime #bookstagram #citywalks #slowliving",
        "#周末去哪儿[话题]# #上海探店[话题]# #咖啡日记[话题]# #城市漫步[话题]# #生活碎片[话题]#",
        "#露营##户外生活##周末去哪玩##亲子时光##自驾游攻略#",
    ],
    "mentions": [
        "@北京日报 @央视新闻 @人民网 @新华视点 @头条新闻 @财经网",
        "@lonelyplanet @natgeotravel @bbcearth @visitnorway",
    ],
    "links": [
        "https://detail.shop.example.com/item.htm?id=6284719305&spm=a230r.1.14.16&ns=1&abbucket=20",
        "详情 http://t.cn/A6xYzQ1b http://t.cn/A6xYzQ2c http://t.cn/A6xYzQ3d",
        "www.example.org/blog/2024/11/how-to-plan-a-weekend-in-the-mountains-with-kids",
    ],
    "share": [
        "喜欢的宝子们记得点赞收藏加关注呀，咱们下期再见啦",
        "34 发布了一篇小红书笔记，快来看吧！ 😆 复制本条信息，打开【小红书】App查看精彩内容！",
        "If you enjoyed this, like, share and subscribe so that you never miss a new video!",
    ],
    "contact": [
        "团购咨询请加微信：lvxing_xiaozhu88，备注姓名和日期，工作时间九点到六点",
        "地址：杭州市西湖区文三路东部软件园创新大厦三楼",
        "Business enquiries: hello at example studio, London, or call our office on weekdays",
    ],
    "disclosure": [
        "This page contains affiliate links. If you buy through them we may receive a small commission, at no additional "
        "cost to you, which helps to keep the lights on. We only write about things that we have used ourselves. All "
        "opinions are our own.",
        "本文部分产品由品牌方提供，内容为个人真实体验，仅供参考，不构成任何购买建议",
        "As an Amazon Associate I earn from qualifying purchases made through the links above",
    ],
    "placeholder": [
        "Lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor incididunt ut labore et dolore.",
        "Pellentesque habitant morbi tristique senectus et netus et malesuada fames ac turpis egestas.",
    ],
    "repetition": ["哈" * 30, "hahahahahahahahahahahahahahahahahahahahaha", "冲鸭" * 16, "=" * 60 + "🔥" * 30],
}
"""Boilerplate, by kind."""
ONE_TEXT = {
    "final mark": lambda text, k: text.rstrip("。！!.？? \u200b") + ("", "。", "！", "…", ".")[k % 5],
    "folding": lambda text, k: (
        text.upper(),
        text.replace("，", ", "),
        f"{text} ✨",
        "\u200b".join(text),
        text.replace(" ", ""),
    )[k % 5],
    "contained": lambda text, k: (
        text[: -max(1, len(text) // 6)] if k % 2 else f"{('转', '早', '看', '唉', '嗯')[k % 5]} {text}"
    ),
}
"""Forms of one text, by kind: two with one form each, or twelve."""
EDITS = (0.0, 0.03, 0.08)


@dataclass
class Corpus:
    """Notes, and for each kind the groups of notes that must be tied and those that must not."""

    bodies: dict[str, str] = field(default_factory=dict)
    titles: dict[str, str | None] = field(default_factory=dict)
    wanted: dict[str, list[list[str]]] = field(default_factory=lambda: defaultdict(list))
    unlike: dict[str, list[list[str]]] = field(default_factory=lambda: defaultdict(list))

    def add(self, note_id: str, body: str, title: str | None = None) -> str:
        """Add a note; returns its id."""
        self.bodies[note_id], self.titles[note_id] = body, title
        return note_id


def letters(text: str) -> str:
    """Letters and digits of a text, by the standard library alone."""
    return "".join(c for c in unicodedata.normalize("NFKC", text).casefold() if c.isalnum())


def sharing(texts: dict[str, str], run: int) -> set[tuple[str, str]]:
    """Pairs of texts that share a run of so many letters, by a table of all runs."""
    holders = defaultdict(set)
    for note_id, text in texts.items():
        folded = letters(text)
        for at in range(len(folded) - run + 1):
            holders[folded[at : at + run]].add(note_id)
    return {pair for notes in holders.values() for pair in itertools.combinations(sorted(notes), 2)}


def read(path: Path) -> list[dict]:
    """The notes of a data set."""
    with path.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def unlike_posts(posts: list[str], run: int, rng: random.Random) -> list[str]:
    """Posts of 40 to 160 letters of which no two share so many in a row, in random order."""
    known: set[str] = set()
    kept = []
    for post in rng.sample(posts, len(posts)):
        folded = letters(post)
        runs = {folded[k : k + run] for k in range(len(folded) - run + 1)}
        if 40 <= len(folded) <= 160 and not runs & known and "#" not in post and "@" not in post:
            kept.append(post)
            known |= runs
    return kept


def retyped(text: str, rate: float, rng: random.Random) -> str:
    """The text with a share of its characters lost, doubled or followed by another."""
    return "".join(rng.choice(("", c + c, c + "e")) if rng.random() < rate else c for c in text)


def add_boilerplate(corpus: Corpus, posts: list[str]) -> None:
    """Three and thirty unlike posts with each line; half of the lines come first."""
    for kind, lines in LINES.items():
        for n, line in enumerate(lines):
            for size in (3, 30):
                parts = [[posts.pop(), line][:: 1 if n % 2 else -1] for _ in range(size)]
                ids = [corpus.add(f"{kind}_{n}_{size}_{k}", "\n".join(p)) for k, p in enumerate(parts)]
                corpus.unlike[kind].append(ids)


def add_copies(corpus: Corpus, posts: list[str]) -> None:
    """Two and twelve forms of one text."""
    for kind, form in ONE_TEXT.items():
        for size in (2, 12):
            for n in range(10):
                text = posts.pop()
                ids = [corpus.add(f"{kind}_{size}_{n}_{k}", form(text, k)) for k in range(size)]
                corpus.wanted[f"{kind}, {size} notes"].append(ids)


def add_quotes(corpus: Corpus, sentences: list[str], posts: list[str], rng: random.Random) -> None:
    """28 to 70 columns of a sentence that holds a phrase of eight other sentences, retyped in another post."""
    for n, sentence in enumerate(sentences):
        words = sentence.split()
        phrase = " ".join(words[len(words) // 3 :][:4])
        others = [corpus.add(f"phrase_{n}_{k}", f"{posts.pop()} {phrase}") for k in range(8)]
        donor = corpus.add(f"donor_{n}", f"{posts.pop()}\n{sentence}")
        quote = sentence[: rng.randint(40, 84)].rsplit(" ", 1)[0]
        target = corpus.add(f"quote_{n}", f"{posts.pop()}\n{retyped(quote, EDITS[n % 3], rng)}")
        corpus.wanted[f"quotes, {EDITS[n % 3]:.0%} retyped"].append([donor, target])
        corpus.unlike["a phrase of eight"].append(others)


def build(data: Path, seed: int) -> tuple[Corpus, dict[str, str]]:
    """The corpus, and the weibo posts as they are."""
    rng = random.Random(seed)
    weibo = {row["note_id"]: row["body"] for row in read(data / "text/weibo/notes.jsonl")}
    with (data / "text/minhash_articles/articles_1000.train").open(encoding="utf-8") as lines:
        articles = [s for line in lines for s in line.split(" ", 1)[1].split(". ")]
    chinese, english = unlike_posts(list(weibo.values()), 8, rng), unlike_posts(articles, 20, rng)
    captions = [row["title"] for row in read(data / "tinycoco/notes.jsonl")]
    posts = [*chinese, *english]
    rng.shuffle(posts)
    corpus = Corpus()
    add_copies(corpus, posts)
    add_boilerplate(corpus, posts)
    add_quotes(corpus, [c for c in captions if len(c) >= 44][:45], posts, rng)
    recipes = read(data / "howtocook/notes.jsonl")
    corpus.unlike["recipe headings"].append(
        [
            corpus.add(f"recipe_{k}", "\n".join(line for line in r["body"].splitlines() if line.startswith("#")), r["title"])
            for k, r in enumerate(recipes)
        ]
    )
    return corpus, weibo


def mined(
    spark: SparkSession, notes: dict[str, str], titles: dict[str, str | None]
) -> tuple[set[tuple[str, str]], dict[str, str]]:
    """The pairs of the step, and the component of each note by pairs and ties."""
    table = pa.table(
        {"note_id": list(notes), "title": pa.array([titles.get(n) for n in notes], pa.string()), "body": list(notes.values())}
    )
    pairs, ties = shared_passages(spark.createDataFrame(table).repartition(4), PartialText())
    found = {tuple(row) for row in pairs.rows.select("query.note_id", "target.note_id").collect()}
    graph = networkx.Graph(found)
    graph.add_edges_from((row.note_id_l, row.note_id_r) for row in ties.rows.collect())
    spark.catalog.clearCache()
    component = {note: note for note in notes}
    for members in networkx.connected_components(graph):
        component |= dict.fromkeys(members, min(members))
    return found, component


def split(component: str, seed: int = 0) -> str:
    """As `pipelines.mining.components.split_hash`, by its docstring."""
    x = int(hashlib.sha256(f"{seed} {component}".encode()).hexdigest()[:13], 16) / 2**52
    return "train" if x < 0.9 else "validation" if x < 0.95 else "test"


def report(corpus: Corpus, found: set[tuple[str, str]], component: dict[str, str]) -> None:
    """Print a line for each kind."""
    for kind, groups in corpus.wanted.items():
        pairs = [pair for group in groups for pair in itertools.combinations(sorted(group), 2)]
        tied = sum(component[a] == component[b] for a, b in pairs)
        as_pairs = sum(p in found for p in pairs)
        print(f"  wanted  {kind:24} {len(pairs):6,}   pairs {as_pairs:5,}   one component {tied / len(pairs):.3f}")
    for kind, groups in corpus.unlike.items():
        pairs = [pair for group in groups for pair in itertools.combinations(sorted(group), 2)]
        wrong = sum(p in found for p in pairs)
        tied = sum(component[a] == component[b] for a, b in pairs)
        print(f"  unlike  {kind:24} {len(pairs):6,}   pairs {wrong:5,}   in one component {tied:,}")
    of = {
        note: k for k, group in enumerate(itertools.chain(*corpus.wanted.values(), *corpus.unlike.values())) for note in group
    }
    across = sum(of[a] != of[b] for a, b in found)
    right = sum(of[a] == of[b] for a, b in found) - sum(
        pair in found
        for groups in corpus.unlike.values()
        for group in groups
        for pair in itertools.combinations(sorted(group), 2)
    )
    print(f"  precision of all {len(found):,} pairs {right / max(1, len(found)):.4f}; between unrelated groups {across}")


def main() -> None:
    """Build, mine, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path(__file__).resolve().parents[2] / "shared/data")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    corpus, weibo = build(args.data, args.seed)
    spark = session()
    print(f"{len(corpus.bodies):,} notes made of real posts, seed {args.seed}")
    report(corpus, *mined(spark, corpus.bodies, corpus.titles))
    found, component = mined(spark, weibo, {})
    print(f"{len(weibo):,} weibo posts as they are: {len(found):,} pairs")
    for run in (60, 40):
        pairs = sharing(weibo, run)
        apart = [p for p in pairs if component[p[0]] != component[p[1]]]
        in_two = [p for p in apart if split(component[p[0]]) != split(component[p[1]])]
        print(
            f"  {len(pairs):,} pairs share {run} letters: {len(apart)} in two components, {len(in_two)} in two splits (seed 0)"
        )
    spark.stop()


if __name__ == "__main__":
    main()
