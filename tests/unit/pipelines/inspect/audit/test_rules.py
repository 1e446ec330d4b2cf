"""A workspace that keeps all rules is found right; each rule, broken once, is reported by its sentence."""

import re
from dataclasses import replace
from pathlib import Path

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.inspect.audit.published_files import list_files
from pipelines.inspect.audit.report import report
from pipelines.inspect.audit.rule import Rule
from pipelines.inspect.audit.run_rules import RULES, Verdict, check
from pipelines.workspace.duckdb.connect import connect, local_views
from pipelines.workspace.workspace import Workspace
from tests.support.hand_made import SHARED, hand_made, item, picture, rewrite, whole


def verdicts(workspace, folder):
    views = Path(folder) / "audit.duckdb"
    local_views(workspace, views)
    with connect(workspace, views) as connection:
        list_files(connection, workspace, checksums=True)
        return {verdict.rule.sentence: verdict for verdict in check(connection)}


def file_of(w, dataset):
    return Path(w.folder.uri) / dataset / w.published(dataset).files[0].path


def told(w, dataset, **changes):
    w.publish(replace(w.published(dataset), **changes))


def recount(w, dataset, **changes):
    told(w, dataset, counts=replace(w.published(dataset).counts, **changes))


def first(change, where=lambda row: True):
    """Change the first row of which `where` holds."""

    def changed(rows):
        at = next(k for k, row in enumerate(rows) if where(row))
        rows[at] = rows[at] | change(rows[at])
        return rows

    return changed


def twice(rows):
    return [*rows, rows[0]]


def cut(w):
    file = file_of(w, "items")
    file.write_bytes(file.read_bytes()[:-40])


def flip(w):
    file = file_of(w, "items")
    content = bytearray(file.read_bytes())
    content[20] ^= 1
    file.write_bytes(bytes(content))


def stale(w):
    told(w, "items", inputs={"positives": "another"})


def user_column(w):
    rewrite(w, "annotations", columns=lambda t: t.append_column("user_id", pa.array(["u"] * len(t))))


def of_within(row):
    return row["granularity"] == "within_note"


BREAKS = {
    "every file that a manifest names is there and can be read": cut,
    "every file has the checksum that its manifest says": flip,
    "every file has as many rows as its manifest says": lambda w: told(w, "items", files=[replace(w.published("items").files[0], rows=1)]),
    "every file has the columns of its table": lambda w: rewrite(w, "items", columns=lambda t: t.drop_columns(["split"])),
    "rows in = rows out + rows dropped, for every run that passes rows on": lambda w: recount(w, "images", rows_in=9),
    "the files of a run hold as many rows as the run says that it wrote": lambda w: recount(w, "items", rows_out=99),
    "every refused note and picture is counted as dropped where it was refused": lambda w: recount(w, "notes", dropped={"fewer than 101 likes": 2}),
    "the quarantine holds every refused row": lambda w: rewrite(w, "quarantine", lambda rows: rows[1:]),
    "every note that the filter or the balance left out is in dropped_notes, or counted there as not written": lambda w: recount(w, "dropped_notes", rows_in=3),
    "every click that was read is refused, dropped for a reason, or counted in a visit": lambda w: told(w, "mined/co_click", report={"clicks_read": 9, "clicks_refused": 1, "clicks_counted": 7}),
    "every mined pair is a positive, or is counted as dropped": lambda w: recount(w, "positives", dropped={}),
    "every candidate for a negative is left by the guard, or counted with what took it": lambda w: told(w, "hard_negatives", report={"candidates": 9, "left": 1, "taken": {"m": 7}}),
    "every dataset was made from the datasets that stand beside it now": stale,
    "a component stands in one split": lambda w: rewrite(w, "components", first(lambda r: {"split": "test"})),
    "both notes of a pair stand in the pair's split": lambda w: rewrite(w, "positives", first(lambda r: {"split": "test"})),
    "a photo's bytes stand in one split": lambda w: rewrite(w, "images", first(lambda r: {"sha256": sha(w, "d")}, lambda r: r["note_id"] == "a")),
    "a body of 50 characters or more stands in one split": lambda w: rewrite(w, "notes", first(lambda r: {"body": body(w, "a")}, lambda r: r["note_id"] == "d")),
    "every kept note has one component, and every component's note is kept": lambda w: rewrite(w, "components", lambda rows: rows[:-1]),
    "a component is named by the smallest of its notes, and says how many they are": lambda w: rewrite(w, "components", first(lambda r: {"size": 5})),
    "a pair says the component of its query's note": lambda w: rewrite(w, "positives", first(lambda r: {"component_id": "e"})),
    "an item stands in the split of its note": lambda w: rewrite(w, "items", first(lambda r: {"split": "test"})),
    "an item's id is the hash of what it shows": lambda w: rewrite(w, "items", first(lambda r: {"item": r["item"] | {"text": "other"}})),
    "a pair's id is the hash of its granularity, its task and both items": lambda w: rewrite(w, "positives", first(lambda r: {"task": "note_to_text"}, of_within)),
    "items lists the items of the positives, and no others": lambda w: rewrite(w, "items", lambda rows: rows[1:]),
    "an item is of a kept note, and its pictures are that note's": lambda w: rewrite(w, "images", lambda rows: rows[1:]),
    "a pair's score is a number from 0 to 1": lambda w: rewrite(w, "positives", first(lambda r: {"score": float("nan")})),
    "a shared passage stands in both notes where its evidence says": lambda w: rewrite(w, "positives", first(lambda r: {"evidence": r["evidence"] | {"target_start": 3}}, lambda r: r["granularity"] == "partial_text")),
    "no negative is of its query's component, but for those that are made from its note": lambda w: candidate(w, item("crop", "a", ["a0"], {"x0": 0.25, "y0": 0.125, "x1": 0.75, "y1": 0.875})),
    "no negative is of its positive's component, but for those that are made from its note": lambda w: candidate(w, item("text", "b", text=SHARED)),
    "no negative is a mined positive of its query, either way": lambda w: candidate(w, picture("b")),
    "a query and the positive that its negatives stand beside are a mined pair": lambda w: rewrite(w, "hard_negatives", first(lambda r: {"task": "note_to_note"})),
    "a negative is an item, or one made by a rule": lambda w: candidate(w, {"item_id": "nobody"}),
    "a negative stands in the split of its query": lambda w: candidate(w, whole("d")),
    "ranks count from 1 without a gap": lambda w: rewrite(w, "hard_negatives", first(lambda r: {"rank": 5}, lambda r: r["rank"] == 2)),
    "a pair with fewer negatives than wanted says how many it has, and why": lambda w: rewrite(w, "shortfalls", first(lambda r: {"written": 7})),
    "an annotation is of a picture, and has a text or a reason": lambda w: rewrite(w, "annotations", first(lambda r: {"reason": "no text found"})),
    "an embedding has unit length, or a reason": lambda w: rewrite(w, "embeddings", first(lambda r: {"vector": [0.6, 0.9]})),
    "a judged pair is of items that are there": lambda w: rewrite(w, "judgements", first(lambda r: {"candidate_id": "nobody"})),
    "a judgement has a score and a grade, or a reason": lambda w: rewrite(w, "judgements", first(lambda r: {"grade": 4})),
    "positions of sft count from 0 without a gap in each split": lambda w: rewrite(w, "sft/train", lambda rows: rows[1:]),
    "positions of rl count from 0 without a gap in each split": lambda w: rewrite(w, "rl/train", lambda rows: rows[1:]),
    "a row of sft and all its candidates stand in the split that its folder says": lambda w: rewrite(w, "sft/train", first(lambda r: {"query": r["query"] | {"note_id": "d"}})),
    "a row of rl and all its candidates stand in the split that its folder says": lambda w: rewrite(w, "rl/train", first(lambda r: {"candidates": [r["candidates"][0] | {"item": whole("d")}]})),
    "a row of sft is a positive, with its query and target": lambda w: rewrite(w, "sft/train", first(lambda r: {"pair_id": "nobody"})),
    "no negative of a row of sft is of its query's or its positive's component, but for those made by the rule": lambda w: rewrite(w, "sft/train", first(lambda r: {"candidates": [c | {"source": "band"} for c in r["candidates"]]})),
    "a ranking list has a relevant candidate, and as many candidates as it says are relevant": lambda w: rewrite(w, "rl/train", first(lambda r: {"relevant": 2})),
    "no file has a column for a user or a session": user_column,
    "a refused click is named by a hash and its note": lambda w: rewrite(w, "quarantine", first(lambda r: {"id": "user 17"}, lambda r: r["source"] == "clicks")),
}  # fmt: skip


def value(w, dataset, column, note):
    return next(row[column] for row in pq.read_table(file_of(w, dataset)).to_pylist() if row["note_id"] == note)


def sha(w, note):
    return value(w, "images", "sha256", note)


def body(w, note):
    return value(w, "notes", "body", note)


def candidate(w, shown):
    rewrite(w, "hard_negatives", first(lambda r: {"candidate_id": shown["item_id"]}, lambda r: r["source"] == "band"))


def keys():
    """Each rule of a key, broken by a row that stands twice."""
    found = {}
    for rule in RULES:
        if re.fullmatch(r"\w+: one row for each .*", rule.sentence):
            found[rule.sentence] = lambda w, name=rule.needs[0]: rewrite(w, name, twice)
    return found


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sound")
    return verdicts(hand_made(folder / "w"), folder)


def test_a_sound_workspace_breaks_no_rule_and_all_are_checked(sound):
    assert {s: v.examples for s, v in sound.items() if v.breaks} == {}
    assert [s for s, v in sound.items() if v.missing] == []


def test_every_rule_is_broken_below():
    assert {rule.sentence for rule in RULES} == set(BREAKS | keys())


@pytest.mark.parametrize("sentence", list(BREAKS | keys()))
def test_a_break_is_reported_by_its_rule(sentence, tmp_path):
    workspace = hand_made(tmp_path / "w")
    (BREAKS | keys())[sentence](workspace)
    verdict = verdicts(workspace, tmp_path)[sentence]
    assert verdict.breaks >= 1
    assert verdict.examples
    assert verdict.examples[0][0] not in ("", "None", "not checked")


def test_what_is_not_there_is_not_checked(tmp_path):
    workspace = hand_made(tmp_path / "w")
    (workspace.folder / "hard_negatives").delete()
    found = verdicts(workspace, tmp_path)
    assert found["ranks count from 1 without a gap"].missing == ("hard_negatives",)
    assert not any(verdict.breaks for verdict in found.values())


def test_a_workspace_on_an_fsspec_uri_is_audited_as_one_on_a_disk(tmp_path):
    hand_made(tmp_path / "w")
    fsspec.filesystem("memory").put(f"{tmp_path}/w/", "/audited/w/", recursive=True)
    assert not any(verdict.breaks for verdict in verdicts(Workspace("memory://audited/w"), tmp_path).values())
    far = Workspace("memory://audited/w")
    fsspec.filesystem("memory").rm(far.files("items")[0].removeprefix("memory:/"))
    broken = [sentence for sentence, verdict in verdicts(far, tmp_path).items() if verdict.breaks]
    assert "every file that a manifest names is there and can be read" in broken


def test_the_report_says_each_rule_and_what_breaks_it():
    rule = Rule(sentence="all is well", broken="")
    told = report([Verdict(rule, (), 5, [("a", "1"), ("b", "2")]), Verdict(rule, ("sft",), 0, []), Verdict(rule, (), 0, [])])
    assert told.splitlines() == [
        "BROKEN            all is well (5 x)",
        "                  a: 1",
        "                  b: 2",
        "                  and 3 more",
        "nothing to check  all is well (no sft)",
        "holds             all is well",
        "",
        "3 rules: 1 holds, 1 broken, 1 nothing to check",
    ]
