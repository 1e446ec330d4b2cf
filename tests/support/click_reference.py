"""Reference implementation of co-click and Swing in plain Python, as in method.md, for tests."""

from collections import defaultdict
from fractions import Fraction
from itertools import combinations
from math import sqrt

DAY = 86_400


def first_visits(clicks, kept, days=7, cap=200):
    """Compute {user: {note: first time}} from (user, note, second) clicks, for users with 2 to `cap` notes."""
    newest = max(at for _, _, at in clicks)
    seen = defaultdict(dict)
    for user, note, at in clicks:
        if note in kept and at > newest - days * DAY:
            seen[user][note] = min(at, seen[user].get(note, at))
    return {u: notes for u, notes in seen.items() if 2 <= len(notes) <= cap}


def transitions(seen, min_users=2, top=10):
    """Compute {(a, b): (users, co-occurrence, score)} with exact fractions, for the best `top` of each a."""
    users, sums, weight = defaultdict(int), defaultdict(Fraction), defaultdict(Fraction)
    for notes in seen.values():
        for a in notes:
            weight[a] += Fraction(1, len(notes))
            for b in notes:
                if notes[a] < notes[b]:
                    users[a, b] += 1
                    sums[a, b] += Fraction(1, len(notes))
    strong = sorted((p for p in users if users[p] >= min_users), key=lambda p: (-sums[p], p[1]))
    kept = defaultdict(list)
    for a, b in strong:
        kept[a].append(b)
    return {(a, b): (users[a, b], sums[a, b], sums[a, b] / weight[a]) for a in kept for b in kept[a][:top]}


def swing_by_hand(seen, a, b, alpha=1.0, users_per_note=200, priority=None):
    """Compute the Swing score of two notes over the users kept by both notes' caps; `priority` is {user: hash}."""
    priority = priority or {u: i for i, u in enumerate(seen)}

    def users_of(note):
        return set(sorted((u for u in seen if note in seen[u]), key=priority.get)[:users_per_note])

    return sum(
        1 / sqrt(len(seen[u])) / sqrt(len(seen[v])) / (alpha + len(seen[u].keys() & seen[v].keys()))
        for u, v in combinations(sorted(users_of(a) & users_of(b)), 2)
    )
