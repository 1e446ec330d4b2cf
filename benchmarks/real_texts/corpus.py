"""The corpus: real posts, and what is added to them, with the ties that are wanted and those that are not."""

import json
import random
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.real_texts.boilerplate_lines import LINES
from benchmarks.real_texts.shared_letters import letters

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
