"""Click logs: users with interests, planted chains of clicks, hot notes, bots, and rows that must not count."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from random import Random
from typing import Any, NamedTuple

import pyarrow as pa

from pipelines.sources.sample_corpus.seeded_random import dice

DAY = 86_400
NEWEST = 1_772_366_400
"""2026-03-01 12:00 UTC, seconds: the newest click, from which the window counts back."""
CLICKS = pa.schema(
    [
        ("user_id", pa.string()),
        ("note_id", pa.string()),
        ("clicked_at", pa.timestamp("us", tz="UTC")),
        ("session_id", pa.string()),
        ("source_note_id", pa.string()),
    ]
)
CO_CLICKS = pa.schema([("source_note", pa.string()), ("target_note", pa.string()), ("users", pa.int64())])
CHAIN_USERS = 9


class ClickLog(NamedTuple):
    """Clicks, and the planted pairs of notes that users clicked one after the other."""

    clicks: pa.Table
    """CLICKS."""
    chains: pa.Table
    """CO_CLICKS: within the last week this many users clicked the target right after the source."""


def click_log(topics: Mapping[str, Sequence[str]], users: int, seed: int) -> ClickLog:
    """A month of clicks on notes by topic. Cost: linear in users."""
    everything = sorted(note for notes in topics.values() for note in notes)
    hot = dice(seed, "hot").sample(everything, min(8, len(everything)))
    rows: list[dict[str, Any]] = []
    for user in range(users):
        rows += _wanderer(dice(seed, "user", user), f"user_{user:05}", topics, everything, hot)
    chains = _chains(dice(seed, "chains"), everything)
    for n, chain in enumerate(chains):
        for follower in range(CHAIN_USERS):
            rows += _follower(dice(seed, "follower", n, follower), f"plan_{n:03}_{follower}", chain, everything)
    for bot in range(2):
        rows += _bot(dice(seed, "bot", bot), f"bot_{bot}", everything)
    rows += _strays(dice(seed, "strays"))
    rows.append(_click("user_00000", everything[0], NEWEST, "newest"))
    rows.sort(key=lambda r: (r["clicked_at"] or 0, r["user_id"] or "", r["note_id"]))
    pairs = sorted((a, b) for chain in chains for a, b in pairwise(chain))
    chain_rows = [{"source_note": a, "target_note": b, "users": CHAIN_USERS} for a, b in pairs]
    return ClickLog(pa.Table.from_pylist(rows, CLICKS), pa.Table.from_pylist(chain_rows, CO_CLICKS))


def _click(user: str | None, note: str, second: float, session: str, source: str | None = None) -> dict[str, Any]:
    when = int(second) * 1_000_000
    return {"user_id": user, "note_id": note, "clicked_at": when, "session_id": session, "source_note_id": source}


def _wanderer(
    chance: Random, user: str, topics: Mapping[str, Sequence[str]], everything: Sequence[str], hot: Sequence[str]
) -> list[dict[str, Any]]:
    """A user who likes one or two topics, sometimes clicks hot notes, and has clicks before the window."""
    liked = chance.sample(sorted(topics), chance.choice((1, 2)))
    rows = []
    for session in range(chance.choice((1, 1, 2, 3))):
        at = NEWEST - chance.uniform(0.02, 9 if chance.random() < 0.85 else 30) * DAY
        source = None
        for _ in range(min(20, int(chance.lognormvariate(0.9, 0.7)) + 1)):
            taste = topics[chance.choice(liked)] if chance.random() < 0.85 else everything
            note = chance.choice(hot) if chance.random() < 0.12 else chance.choice(taste)
            rows.append(_click(user, note, at, f"{user}_{session}", source))
            source, at = note, min(NEWEST - 1, at + chance.uniform(8, 400))
    return rows


def _chains(chance: Random, everything: Sequence[str]) -> list[list[str]]:
    """Chains of four notes; no note is in two, so that their pairs are frequent."""
    notes = chance.sample(everything, len(everything) // 8 * 4)
    return [notes[n : n + 4] for n in range(0, min(len(notes), 64), 4)]


def _follower(chance: Random, user: str, chain: Sequence[str], everything: Sequence[str]) -> list[dict[str, Any]]:
    """A user who clicks a chain's notes in order within the window, with a detour."""
    at, rows, source = NEWEST - chance.uniform(0.1, 6.5) * DAY, [], None
    for note in chain:
        rows.append(_click(user, note, at, f"{user}_0", source))
        source, at = note, at + chance.uniform(20, 900)
    detour = [note for note in chance.sample(everything, 6) if note not in chain]
    rows.append(_click(user, detour[0], at, f"{user}_0", source))
    return rows


def _bot(chance: Random, user: str, everything: Sequence[str]) -> list[dict[str, Any]]:
    """A bot that clicks every note, a second apart."""
    notes = chance.sample(everything, len(everything))
    return [_click(user, note, NEWEST - DAY + n, f"{user}_0") for n, note in enumerate(notes)]


def _strays(chance: Random) -> list[dict[str, Any]]:
    """Clicks on notes that do not exist, and two bad rows: without a user, and without a time."""
    rows = [
        _click(f"user_{chance.randrange(200):05}", f"gone_{n}", NEWEST - chance.uniform(1, 6) * DAY, "s") for n in range(25)
    ]
    nobody, never = _click(None, "gone_0", NEWEST - DAY, "s"), _click("user_00001", "gone_1", NEWEST - DAY, "s")
    return [*rows, nobody, {**never, "clicked_at": None}]
