"""docs/how-to/add-a-judge.md, applied to a copy of the tree: the judge of the page scores pairs, through real actors' code."""

import json
import subprocess
import sys

import pytest

from tests.support.page_edits import apply_page, copy_of_the_tree
from tests.support.workspaces import ROOT

PAGE = ROOT / "docs" / "how-to" / "add-a-judge.md"
SCORE = """
import json
from pipelines.flows.judge_relevance.settings import JudgeRelevance
from pipelines.judge.judge_chunk import CHUNK, LoadChunkJudge, from_model_key
from pipelines.judge.load_judge import LoadJudge, backend_of, name_of
from pipelines.judge.preset import load_spec
from schemas.settings import load_settings
from tests.support.judge_pairs import item, pairs
import pyarrow as pa

judge = load_settings(JudgeRelevance, None, ['judge.set=["backend=words"]'], {}).judge
spec = load_spec(judge.name, judge.set, judge.path)
texts = [("two red mugs", "two blue mugs"), ("two red mugs", "a lamp"), ("two red mugs", None)]
rows = [("text_to_text", item("text", "a", text=one), item("text", "b", text=other)) for one, other in texts]
table = [row | {"pictures": "", "files": [], "blank": False} for row in pairs(*rows).to_pylist()]
chunk_judge = LoadChunkJudge(LoadJudge(spec))()
answers = chunk_judge(pa.Table.from_pylist(table, CHUNK), {})
print(json.dumps([
    answers["score"].to_pylist(), answers["reason"].to_pylist(), backend_of(spec).reads_pictures,
    list(name_of(spec)) == list(from_model_key(chunk_judge.model)), name_of(spec).model,
]))
"""


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    folder = copy_of_the_tree(tmp_path_factory.mktemp("copy") / "uninote-pairs")
    assert len(apply_page(PAGE, folder)) <= 2
    return folder


def run(tree, program):
    done = subprocess.run([sys.executable, "-c", program], cwd=tree, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


def test_the_new_judge_scores_pairs_and_its_name_follows_from_its_code(tree):
    scores, reasons, reads_pictures, same_name, name = run(tree, SCORE)
    assert scores == [0.5, 0.0, None] and reasons == [None, None, "nothing to judge"]
    assert not reads_pictures and same_name and name.startswith("words#")
    module = tree / "pipelines/judge/backends/word_overlap.py"
    module.write_text(module.read_text(encoding="utf8").replace("query | candidate", "query ^ candidate"), encoding="utf8")
    assert run(tree, SCORE)[-1] != name


def test_the_page_has_at_most_300_words():
    assert len(PAGE.read_text(encoding="utf8").split()) <= 300
