"""A step's fingerprint changes with what its rows follow from, and with nothing else."""

import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.workspace import code_fingerprint as source
from pipelines.workspace.code_fingerprint import Source, closure, code_fingerprint, fingerprint_of, installed, parsed
from schemas.item import item_id

TREE = {
    "steps": "",
    "steps.a": "from steps.kernel import f\n\ndef step():\n    from steps import late\n    return f(late.x)\n",
    "steps.kernel": "import steps.deep.inner as inner\n\ndef f(x):\n    return x\n",
    "steps.deep": "",
    "steps.deep.inner": "y = 1\n",
    "steps.late": "from .deep import sibling\nx = sibling.z\n",
    "steps.deep.sibling": "from ..plug import load\nz = 1\n",
    "steps.plug": 'load = lambda: __import__("importlib").import_module("steps.named")\n',
    "steps.named": "x = 1\n",
    "steps.other": "x = 1\n",
    "steps.say": "from steps.other import x\n\ndef say(): ...\n",
}
PACKAGES = {name for name in TREE if any(other.startswith(f"{name}.") for other in TREE)}


def of(tree, *starts, outside=("steps.say",)):
    def parse(name):
        return parsed(name, Source(tree[name].encode(), name in PACKAGES)) if name in tree else None

    return closure(starts, parse, ("steps",), outside)


@pytest.mark.parametrize("name", sorted(set(TREE) - {"steps.other", "steps.say"}))
def test_changes_with_every_module_that_the_step_imports_however_it_is_imported(name):
    changed = TREE | {name: TREE[name] + "\nanother = 1\n"}
    assert fingerprint_of(of(changed, "steps.a").items()) != fingerprint_of(of(TREE, "steps.a").items())


@pytest.mark.parametrize("name", ["steps.other", "steps.say"])
def test_does_not_change_with_a_module_that_the_step_does_not_import(name):
    changed = TREE | {name: TREE[name] + "\nanother = 1\n"}
    assert fingerprint_of(of(changed, "steps.a").items()) == fingerprint_of(of(TREE, "steps.a").items())


def test_what_is_outside_counts_neither_itself_nor_by_its_imports():
    tree = TREE | {"steps.a": TREE["steps.a"] + "from steps.say import say\n"}
    assert not {"steps.say", "steps.other"} & set(of(tree, "steps.a"))
    assert {"steps.say", "steps.other"} <= set(of(tree, "steps.a", outside=()))


def test_a_module_that_is_written_tomorrow_counts_without_being_listed():
    tree = TREE | {"steps.new": "x = 1\n", "steps.kernel": TREE["steps.kernel"] + "import steps.new\n"}
    assert "steps.new" in of(tree, "steps.a")


PLAIN = "import os\n\nclass A:\n    x: int = 1\n\n    def f(self, y=2):\n        return [y, 'text']\n"
SAME = [
    '"""A docstring."""\n' + PLAIN,
    PLAIN.replace("x: int = 1", 'x: int = 1\n    """What x is."""'),
    PLAIN.replace("(self, y=2):", '(self, y=2):\n        """What f does."""'),
    PLAIN.replace("return", "# why\n        return").replace("import os", "import os  # noqa"),
    PLAIN.replace("[y, 'text']", '[\n            y,\n            "text",\n        ]'),
]
OTHER = [
    PLAIN.replace(*edit) for edit in (("= 1", "= 3"), ("y=2", "y=3"), ("'text'", "'test'"), ("os", "re"), ("def f", "def g"))
]


@pytest.mark.parametrize("text", SAME)
def test_comments_docstrings_and_layout_do_not_count(text):
    assert parsed("m", Source(text.encode(), False)) == parsed("m", Source(PLAIN.encode(), False))


@pytest.mark.parametrize("text", OTHER)
def test_every_other_edit_counts(text):
    assert parsed("m", Source(text.encode(), False)).digest != parsed("m", Source(PLAIN.encode(), False)).digest


def test_a_text_that_is_used_is_no_docstring():
    one, other = (parsed("m", Source(f"x = {text!r}\n".encode(), False)).digest for text in ("a", "b"))
    assert one != other


@given(st.dictionaries(st.sampled_from("abcdef"), st.sets(st.sampled_from("abcdef")), min_size=6))
def test_the_closure_is_what_can_be_reached_in_any_graph_of_imports_with_circles(imports):
    tree = {f"steps.{name}": "".join(f"import steps.{o}\n" for o in sorted(others)) for name, others in imports.items()}
    reached, todo = set(), ["a"]
    while todo:
        name = todo.pop()
        if name not in reached:
            reached.add(name)
            todo += imports[name]
    assert set(of(tree | {"steps": ""}, "steps.a")) == {"steps"} | {f"steps.{name}" for name in reached}


@pytest.mark.parametrize(
    "name", ["pipelines.gone", "os", "pipelines.mining.images.match_step.matched_pictures", "pipelines.workspace.progress_line"]
)
def test_a_name_that_is_no_module_of_the_project_is_an_error(name):
    with pytest.raises(ModuleNotFoundError, match="not a module of pipelines, schemas"):
        code_fingerprint(name)


def test_a_function_stands_for_its_module():
    assert code_fingerprint(item_id) == code_fingerprint("schemas.item")
    assert code_fingerprint(item_id, "pipelines.media.decode") == code_fingerprint("pipelines.media.decode", item_id, item_id)


def test_a_zip_of_the_project_gives_the_same_fingerprints(tmp_path, monkeypatch):
    """As spark-submit ships it: modules are read from within the archive."""
    from pipelines.engines.spark_session import zip_project

    starts = (
        "pipelines.mining.images.match_step",
        "pipelines.mining.components.positives_step",
        "pipelines.shards.training_rows.sft_rows_step",
    )
    here = {start: fingerprint_of(closure([start], lambda n: (s := installed(n)) and parsed(n, s)).items()) for start in starts}
    archive = zipfile.Path(zip_project(tmp_path / "uninote.zip"))

    def zipped(top):
        return archive / top

    monkeypatch.setattr(source, "files", zipped)
    inside = {s: fingerprint_of(closure([s], lambda n: (t := installed(n)) and parsed(n, t)).items()) for s in starts}
    assert inside == here


def test_one_module_is_parsed_once_a_process():
    code_fingerprint("pipelines.mining.images.match_step")
    before = source._installed.cache_info().misses
    code_fingerprint("pipelines.mining.images.match_step", "pipelines.mining.images.verify.aligned_cells")
    assert source._installed.cache_info().misses == before
