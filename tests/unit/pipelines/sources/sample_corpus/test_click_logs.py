"""The click log holds what it says it planted, counted here in another way."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from pipelines.sources.sample_corpus.click_logs import CHAIN_USERS, CLICKS, CO_CLICKS, NEWEST, click_log

TOPICS = {"a": [f"a{n}" for n in range(60)], "b": [f"b{n}" for n in range(60)], "c": [f"c{n}" for n in range(60)]}
LAST = datetime.fromtimestamp(NEWEST, UTC)


@pytest.fixture(scope="module")
def log():
    return click_log(TOPICS, 200, 0)


@pytest.fixture(scope="module")
def rows(log):
    return log.clicks.to_pylist()


def test_has_the_columns_of_the_contract(log):
    assert log.clicks.schema == CLICKS
    assert log.chains.schema == CO_CLICKS


def test_a_chains_people_clicked_the_one_right_after_the_other_within_the_week(log, rows):
    followed = {}
    window = [r for r in rows if r["user_id"] and r["clicked_at"] and r["clicked_at"] > LAST - timedelta(days=7)]
    for user in {r["user_id"] for r in window if r["user_id"].startswith("plan_")}:
        notes = [r["note_id"] for r in sorted((r for r in window if r["user_id"] == user), key=lambda r: r["clicked_at"])]
        for pair in pairwise(notes):
            followed.setdefault(pair, set()).add(user)
    users = {(r["source_note"], r["target_note"]): r["users"] for r in log.chains.to_pylist()}
    assert len(users) == 3 * 16
    assert {pair: len(followed[pair]) for pair in users} == users
    assert set(users.values()) == {CHAIN_USERS}


def test_no_note_is_in_two_chains(log):
    sources = [r["source_note"] for r in log.chains.to_pylist()]
    assert len(sources) == len(set(sources))


def test_bots_click_everything_and_people_do_not(rows):
    everything = {n for notes in TOPICS.values() for n in notes}
    clicked = {}
    for row in rows:
        clicked.setdefault(row["user_id"], set()).add(row["note_id"])
    assert {u for u, notes in clicked.items() if notes >= everything} == {"bot_0", "bot_1"}
    assert max(len(notes) for u, notes in clicked.items() if u and not u.startswith("bot")) <= 60


def test_the_newest_click_is_where_the_window_counts_from_and_some_are_older_than_a_week(rows):
    times = [r["clicked_at"] for r in rows if r["clicked_at"]]
    assert max(times) == LAST
    assert 0.05 < sum(t < LAST - timedelta(days=7) for t in times) / len(times) < 0.4


def test_some_clicks_are_on_notes_that_are_gone_and_two_are_wrong(rows):
    assert sum(r["note_id"].startswith("gone_") for r in rows) == 27
    assert sum(r["user_id"] is None for r in rows) == 1
    assert sum(r["clicked_at"] is None for r in rows) == 1


def test_hot_notes_get_many_times_the_clicks_of_others(rows):
    clicks = {}
    for row in rows:
        clicks[row["note_id"]] = clicks.get(row["note_id"], 0) + 1
    counts = sorted(clicks.values(), reverse=True)
    assert counts[7] > 2 * counts[len(counts) // 2]


def test_people_mostly_click_their_own_topics(rows):
    tastes = {}
    for row in rows:
        if (row["user_id"] or "").startswith("user_") and row["note_id"][0] in TOPICS:
            tastes.setdefault(row["user_id"], []).append(row["note_id"][0])
    favourite = [max(t.count(x) for x in TOPICS) / len(t) for t in tastes.values() if len(t) >= 6]
    assert sum(favourite) / len(favourite) > 0.6  # 0.33 if they had no taste, 0.45 with the luck of small numbers


def test_another_seed_makes_other_clicks_and_the_same_seed_the_same(log):
    assert click_log(TOPICS, 200, 0).clicks.equals(log.clicks)
    assert not click_log(TOPICS, 200, 1).clicks.equals(log.clicks)
