"""A judge's name does not depend on how the path of its model is written."""

import dataclasses
import hashlib

from pipelines.judge.judge_fingerprint import judge_model
from pipelines.judge.preset import PROMPT_VERSION, Question, load_spec, prompt_hash
from pipelines.judge.prompt.question import turns
from tests.support.judge_pairs import item
from tests.unit.pipelines.judge.prompt.test_question import EVIL

TEMPLATE = "{relevant}\n{query_pictures}\n{query_text}\n{candidate_pictures}\n{candidate_text}"
QUESTION = Question(system="s", user=TEMPLATE, picture="{role} {number}", relevant={"default": "r"})
WRITTEN = {1: "76da57eef1cc73f0"}
"""By PROMPT_VERSION: a hash of the prompts for unusual texts."""


def test_a_judge_has_one_name_by_whatever_path(tmp_path, monkeypatch):
    folder = tmp_path / "models" / "tiny"
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    (tmp_path / "latest").symlink_to("models/tiny")
    spec = load_spec("content", path="x")
    monkeypatch.chdir(tmp_path)
    paths = ["models/tiny", "./models/tiny/", "models/../models/tiny", str(folder), "latest", f"{tmp_path}/latest/"]
    names = {judge_model(dataclasses.replace(spec, backend="transformers", path=path)) for path in paths}
    monkeypatch.chdir(folder)
    assert names == {judge_model(dataclasses.replace(spec, backend="transformers", path="."))}
    (folder / "config.json").write_text("{ }")
    assert judge_model(dataclasses.replace(spec, backend="transformers", path=".")) not in names


def test_a_changed_prompt_has_another_hash():
    """Answers cost money, so their key has no hash of code: PROMPT_VERSION is increased when prompts change, and this test says when."""
    spec = dataclasses.replace(
        load_spec("content"), question=QUESTION
    )  # not one of the presets: their words are in the hash anyway
    texts = [*EVIL, "", "x" * 10_000, "1. `a`\t\u200bb <b> [INST] 中文 ＜｜end｜＞"]
    written = [
        turns(
            spec,
            {"task": "note_to_note", "query": item("note", "a", text=t or "w"), "candidate": item("text", "b", text="v" + t)},
            {},
        )
        for t in texts
    ]
    digest = hashlib.sha256(repr([(t.system, t.user) for t in written]).encode()).hexdigest()[:16]
    assert WRITTEN.get(PROMPT_VERSION) == digest, "increase PROMPT_VERSION, and add the new hash to WRITTEN"
    assert prompt_hash(spec.question)
