"""The sample equals that of a plain sort of all rows, whatever their order in the files."""

import hashlib

import pytest

from pipelines.inspect.report.card_sampling import sample_pairs
from pipelines.inspect.report.sections.overview import pair_groups
from pipelines.inspect.report.settings import SampleSizes
from pipelines.inspect.report.sql_reader import reading
from pipelines.workspace.workspace import Workspace
from schemas.datasets import POSITIVES
from tests.unit.pipelines.inspect.report.report_workspace import item, pair, publish


def many(count=400):
    note = {"note_id": "n"}
    for k in range(count):
        query, target = (item("text", note, text=f"{k} {end}") for end in "qt")
        task = ("text_to_text", "image_to_text")[k % 2]
        yield pair("partial_text", task, query, target, (k * 7919 % 23) / 23 if k % 2 else 0.5)


def sampled(folder, settings, seed=0):
    with reading(Workspace(str(folder)), 512) as reader:
        pairs = sample_pairs(reader, settings, seed)
    return {name: [(one.row["pair_id"], one.why) for one in some] for name, some in pairs.items()}


@pytest.mark.parametrize(("borderline", "drawn", "seed"), [(5, 4, 0), (0, 7, 3), (3, 0, 1), (500, 500, 0), (0, 0, 0)])
def test_the_lowest_and_the_drawn_are_those_of_a_plain_sort(tmp_path, borderline, drawn, seed):
    rows = list(many())
    publish(tmp_path, POSITIVES, rows)
    pairs = sampled(tmp_path, SampleSizes(borderline=borderline, drawn=drawn), seed)
    for task in ("text_to_text", "image_to_text"):
        mine = [r for r in rows if r["task"] == task]
        hashes = {r["pair_id"]: hashlib.md5(f"{r['pair_id']} {seed}".encode()).hexdigest() for r in mine}
        differ = len({r["score"] for r in mine}) > 1
        lowest = sorted(mine, key=lambda r: (r["score"], hashes[r["pair_id"]]))[:borderline] if differ else []
        names = {r["pair_id"] for r in lowest}
        others = [r for r in sorted(mine, key=lambda r: hashes[r["pair_id"]]) if r["pair_id"] not in names]
        others = others[: borderline + drawn - len(lowest)]
        expected = [(r["pair_id"], why) for some, why in ((lowest, "borderline"), (others, "drawn"))
                  for r in sorted(some, key=lambda r: (r["score"], r["pair_id"]))]  # fmt: skip
        assert pairs.get(("partial_text", task), []) == expected


def test_another_seed_draws_others_and_the_same_seed_the_same(tmp_path):
    publish(tmp_path, POSITIVES, list(many()))
    settings = SampleSizes(borderline=0, drawn=6)
    one, again, other = (sampled(tmp_path, settings, seed) for seed in (0, 0, 1))
    assert one == again != other


def test_counts_and_histograms_are_those_of_the_rows(tmp_path):
    rows = list(many())
    publish(tmp_path, POSITIVES, rows)
    with reading(Workspace(str(tmp_path)), 512) as reader:
        pairs = pair_groups(reader)
    assert [g.task for g in pairs] == ["image_to_text", "text_to_text"]  # the order of TASKS
    for group in pairs:
        scores = [r["score"] for r in rows if r["task"] == group.task]
        assert (group.pairs, group.lowest, group.highest) == (len(scores), min(scores), max(scores))
        bins = [0] * 20
        for score in scores:
            bins[min(19, int(score * 20))] += 1
        assert list(group.bins) == bins
