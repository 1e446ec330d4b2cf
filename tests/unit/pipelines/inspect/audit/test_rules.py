"""A valid workspace passes all rules; each rule, violated once, is reported by its sentence."""

import re
import shutil
from dataclasses import replace
from pathlib import Path

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.inspect.audit.published_files import list_files
from pipelines.inspect.audit.report import report
from pipelines.inspect.audit.rule import Rule
from pipelines.inspect.audit.run_rules import RULES, RuleResult, check
from pipelines.workspace.duckdb.connect import connect, local_views
from pipelines.workspace.workspace import Workspace
from tests.support.small_workspace import SHARED, item, picture, rewrite, small_workspace, whole


def results(workspace, folder, rules=RULES):
    views = Path(folder) / "audit.duckdb"
    local_views(workspace, views)
    with connect(workspace, views) as connection:
        list_files(connection, workspace, checksums=True)
        return {result.rule.sentence: result for result in check(connection, rules)}


def file_of(w, dataset):
    return Path(w.folder.uri) / dataset / w.published(dataset).files[0].path


def edit_manifest(w, dataset, **changes):
    w.publish(replace(w.published(dataset), **changes))


def recount(w, dataset, **changes):
    edit_manifest(w, dataset, counts=replace(w.published(dataset).counts, **changes))


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
    edit_manifest(w, "items", inputs={"positives": "another"})


def user_column(w):
    rewrite(w, "annotations", columns=lambda t: t.append_column("user_id", pa.array(["u"] * len(t))))


def of_within(row):
    return row["granularity"] == "within_note"


VIOLATIONS = {
    "every file listed in a manifest exists and is readable": cut,
    "every file has the checksum in its manifest": flip,
    "every file has the number of rows in its manifest": lambda w: edit_manifest(w, "items", files=[replace(w.published("items").files[0], rows=1)]),
    "every file has the columns of its table": lambda w: rewrite(w, "items", columns=lambda t: t.drop_columns(["split"])),
    "rows in = rows out + rows dropped, for every run that filters rows": lambda w: recount(w, "images", rows_in=9),
    "the files of a run contain as many rows as its counts say": lambda w: recount(w, "items", rows_out=99),
    "every rejected note and picture is counted as dropped": lambda w: recount(w, "notes", dropped={"fewer than 101 likes": 2}),
    "the quarantine contains every rejected row": lambda w: rewrite(w, "quarantine", lambda rows: rows[1:]),
    "every note dropped by the filter or the balance is in dropped_notes, or counted there as not written": lambda w: recount(w, "dropped_notes", rows_in=3),
    "every click read is rejected, dropped with a reason, or counted in a visit": lambda w: edit_manifest(w, "mined/co_click", report={"clicks_read": 9, "clicks_refused": 1, "clicks_counted": 7}),
    "every mined pair is a positive or is counted as dropped": lambda w: recount(w, "positives", dropped={}),
    "every candidate negative passed the filter or is counted with the reason for its removal": lambda w: edit_manifest(w, "hard_negatives", report={"candidates": 9, "left": 1, "taken": {"m": 7}}),
    "every dataset was made from the current version of its inputs": stale,
    "a component is in one split": lambda w: rewrite(w, "components", first(lambda r: {"split": "test"})),
    "both notes of a pair are in the pair's split": lambda w: rewrite(w, "positives", first(lambda r: {"split": "test"})),
    "the bytes of a photo are in one split": lambda w: rewrite(w, "images", first(lambda r: {"sha256": sha(w, "d")}, lambda r: r["note_id"] == "a")),
    "a text that two notes have, but for case and marks, is in one split": lambda w: rewrite(w, "notes", first(lambda r: {"body": "《" + body(w, "a").upper().replace(" ", "\u3000") + "》！"}, lambda r: r["note_id"] == "d")),
    "every kept note has exactly one component, and components contain only kept notes": lambda w: rewrite(w, "components", lambda rows: rows[:-1]),
    "a component has the smallest of its note ids as its id, and the right size": lambda w: rewrite(w, "components", first(lambda r: {"size": 5})),
    "a pair has the component of its query's note": lambda w: rewrite(w, "positives", first(lambda r: {"component_id": "e"})),
    "an item is in the split of its note": lambda w: rewrite(w, "items", first(lambda r: {"split": "test"})),
    "an item's id is the hash of its content": lambda w: rewrite(w, "items", first(lambda r: {"item": r["item"] | {"text": "other"}})),
    "a pair's id is the hash of its granularity, its task and both items": lambda w: rewrite(w, "positives", first(lambda r: {"task": "note_to_text"}, of_within)),
    "items contains exactly the items of the positives": lambda w: rewrite(w, "items", lambda rows: rows[1:]),
    "an item belongs to a kept note, and its pictures to that note": lambda w: rewrite(w, "images", lambda rows: rows[1:]),
    "a pair's score is a number from 0 to 1": lambda w: rewrite(w, "positives", first(lambda r: {"score": float("nan")})),
    "a shared passage is in both notes at the positions in its evidence": lambda w: rewrite(w, "positives", first(lambda r: {"evidence": r["evidence"] | {"target_start": 3}}, lambda r: r["granularity"] == "partial_text")),
    "no negative is in its query's content group, except those generated from the query's note": lambda w: candidate(w, item("crop", "a", ["a0"], {"x0": 0.25, "y0": 0.125, "x1": 0.75, "y1": 0.875})),
    "no negative is in its positive's content group, except those generated from the positive's note": lambda w: candidate(w, item("text", "b", text=SHARED)),
    "no negative is a mined positive of its query, in either direction": lambda w: candidate(w, picture("b")),
    "the query and the positive of a negative are a mined pair": lambda w: rewrite(w, "hard_negatives", first(lambda r: {"task": "note_to_note"})),
    "a negative is an item or a counterfactual": lambda w: candidate(w, {"item_id": "nobody"}),
    "a negative is in the split of its query": lambda w: candidate(w, whole("d")),
    "ranks are 1, 2, 3, ... without gaps": lambda w: rewrite(w, "hard_negatives", first(lambda r: {"rank": 5}, lambda r: r["rank"] == 2)),
    "a pair with too few negatives has its count and a reason in shortfalls": lambda w: rewrite(w, "shortfalls", first(lambda r: {"written": 7})),
    "an annotation belongs to a picture, and has either a text or a reason": lambda w: rewrite(w, "annotations", first(lambda r: {"reason": "no text found"})),
    "an embedding has either a vector of unit length or a reason": lambda w: rewrite(w, "embeddings", first(lambda r: {"vector": [0.6, 0.9]})),
    "the query and the candidate of a judgement exist": lambda w: rewrite(w, "judgements", first(lambda r: {"candidate_id": "nobody"})),
    "a judgement has either a score and a grade or a reason": lambda w: rewrite(w, "judgements", first(lambda r: {"grade": 4})),
    "positions of sft are 0, 1, 2, ... without gaps in each split": lambda w: rewrite(w, "sft/train", lambda rows: rows[1:]),
    "positions of rl are 0, 1, 2, ... without gaps in each split": lambda w: rewrite(w, "rl/train", lambda rows: rows[1:]),
    "a row of sft and its candidates are in the split of its folder": lambda w: rewrite(w, "sft/train", first(lambda r: {"query": r["query"] | {"note_id": "d"}})),
    "a row of rl and its candidates are in the split of its folder": lambda w: rewrite(w, "rl/train", first(lambda r: {"candidates": [r["candidates"][0] | {"item": whole("d")}]})),
    "a row of sft is a positive, with its query and target": lambda w: rewrite(w, "sft/train", first(lambda r: {"pair_id": "nobody"})),
    "the positive of a labelled row of sft has the row's largest soft label": lambda w: rewrite(w, "sft/train", first(lambda r: {"label_from": "judge", "positive": r["positive"] | {"soft_label": 0.5}, "candidates": [c | {"soft_label": 0.5} for c in r["candidates"]]})),
    "no negative of a row of sft is in its query's or positive's content group, except generated ones": lambda w: rewrite(w, "sft/train", first(lambda r: {"candidates": [c | {"source": "band"} for c in r["candidates"]]})),
    "a ranking list has at least one relevant candidate, and no more than its candidates": lambda w: rewrite(w, "rl/train", first(lambda r: {"relevant": 2})),
    "no file has a column for a user or a session": user_column,
    "a rejected click is identified by a hash and its note": lambda w: rewrite(w, "quarantine", first(lambda r: {"id": "user 17"}, lambda r: r["source"] == "clicks")),
}  # fmt: skip


def value(w, dataset, column, note):
    return next(row[column] for row in pq.read_table(file_of(w, dataset)).to_pylist() if row["note_id"] == note)


def sha(w, note):
    return value(w, "images", "sha256", note)


def body(w, note):
    return value(w, "notes", "body", note)


def candidate(w, negative):
    rewrite(w, "hard_negatives", first(lambda r: {"candidate_id": negative["item_id"]}, lambda r: r["source"] == "band"))


def keys():
    """Each rule of a key, violated by a duplicate row."""
    violations = {}
    for rule in RULES:
        if re.fullmatch(r"\w+: one row for each .*", rule.sentence):
            violations[rule.sentence] = lambda w, name=rule.needs[0]: rewrite(w, name, twice)
    return violations


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    """A valid workspace, to be copied."""
    folder = tmp_path_factory.mktemp("template") / "w"
    small_workspace(folder)
    return folder


@pytest.fixture(scope="module")
def valid(tmp_path_factory, template):
    return results(Workspace(str(template)), tmp_path_factory.mktemp("valid"))


def test_a_valid_workspace_violates_no_rule_and_all_are_checked(valid):
    assert {s: r.examples for s, r in valid.items() if r.violations} == {}
    assert [s for s, r in valid.items() if r.missing] == []


def test_every_rule_is_violated_below():
    assert {rule.sentence for rule in RULES} == set(VIOLATIONS | keys())


@pytest.mark.parametrize("sentence", list(VIOLATIONS | keys()))
@pytest.mark.slow
def test_a_violation_is_reported_by_its_rule(sentence, tmp_path, template):
    workspace = Workspace(str(shutil.copytree(template, tmp_path / "w")))
    (VIOLATIONS | keys())[sentence](workspace)
    rule = next(rule for rule in RULES if rule.sentence == sentence)
    result = results(workspace, tmp_path, [rule])[sentence]
    assert result.violations >= 1
    assert result.examples
    assert result.examples[0][0] not in ("", "None", "not checked")


def test_a_missing_dataset_is_not_checked(tmp_path):
    workspace = small_workspace(tmp_path / "w")
    (workspace.folder / "hard_negatives").delete()
    checked = results(workspace, tmp_path)
    assert checked["ranks are 1, 2, 3, ... without gaps"].missing == ("hard_negatives",)
    assert not any(result.violations for result in checked.values())


def test_a_workspace_on_an_fsspec_uri_is_audited_like_one_on_a_disk(tmp_path):
    small_workspace(tmp_path / "w")
    fsspec.filesystem("memory").put(f"{tmp_path}/w/", "/audited/w/", recursive=True)
    assert not any(result.violations for result in results(Workspace("memory://audited/w"), tmp_path).values())
    remote = Workspace("memory://audited/w")
    fsspec.filesystem("memory").rm(remote.files("items")[0].removeprefix("memory:/"))
    violated = [sentence for sentence, result in results(remote, tmp_path).items() if result.violations]
    assert "every file listed in a manifest exists and is readable" in violated


def test_the_report_lists_each_rule_and_its_violations():
    rule = Rule(sentence="all is well", query="")
    text = report(
        [RuleResult(rule, (), 5, [("a", "1"), ("b", "2")]), RuleResult(rule, ("sft",), 0, []), RuleResult(rule, (), 0, [])]
    )
    assert text.splitlines() == [
        "FAILED       all is well (5 rows)",
        "             a: 1",
        "             b: 2",
        "             and 3 more",
        "not checked  all is well (no sft)",
        "passed       all is well",
        "",
        "3 rules: 1 passed, 1 failed, 1 not checked",
    ]
