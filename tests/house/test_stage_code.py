"""Which edits make which stages run again: every module is edited in turn, and compared with grimp's import graph."""

import ast
import importlib
import inspect
import pkgutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import grimp
import pyarrow as pa
import pytest

from pipelines.workspace.code_fingerprint import (
    OUTSIDE,
    PROJECT,
    Source,
    closure,
    code_fingerprint,
    fingerprint_of,
    installed,
    parsed,
)
from schemas.table import Table

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
WRITERS = {
    "spark_stages": ("pipelines.workspace.spark_io", "pipelines.engines.spark_result_settings"),
    "arrow_stages": ("pipelines.workspace.arrow_io",),
}
"""Modules that `run` adds to a stage's steps."""


def flows():
    """Parse the modules that run stages, by name."""
    modules = {}
    for path in sorted((ROOT / "pipelines").rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf8"))
        if any(stage_calls(tree)):
            modules[".".join(path.relative_to(ROOT).with_suffix("").parts)] = tree
    return modules


def stage_calls(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("stages.run", "stages.run_files"):
            yield node


@cache
def stages():
    """Map each stage, by flow and published tables, to the modules of its steps."""
    starts_of = {}
    for name, tree in flows().items():
        module = importlib.import_module(name)
        for call in stage_calls(tree):
            [code] = [k.value for k in call.keywords if k.arg == "code"]
            steps = eval(ast.unparse(code), vars(module))  # our own source
            steps = steps if isinstance(steps, tuple) else (steps,)
            starts_of[f"{name}: {ast.unparse(call.args[0])}"] = [s if isinstance(s, str) else s.__module__ for s in steps]
    return starts_of


@cache
def tree():
    names = [name for top in PROJECT for name in (top, *walked(top))]
    return {name: source for name in names if (source := installed(name)) is not None}


def walked(top):
    package = importlib.import_module(top)
    return [f"{top}.{name}" for name in below(Path(package.__path__[0]))]


def below(folder):
    for module in pkgutil.iter_modules([str(folder)]):
        yield module.name
        if module.ispkg:
            yield from (f"{module.name}.{name}" for name in below(folder / module.name))


@cache
def parse(name):
    return parsed(name, tree()[name]) if name in tree() else None


@cache
def graph():
    return grimp.build_graph(*PROJECT)


def outside(name):
    return any(name == place or name.startswith(f"{place}.") for place in OUTSIDE)


def reached(starts):
    """Compute the closure by grimp, as the oracle: imports of these modules, and their packages."""
    closed, todo = set(), list(starts)
    while todo:
        name = todo.pop()
        if name in closed or outside(name):
            continue
        closed.add(name)
        todo += graph().find_modules_directly_imported_by(name)
        if "." in name:
            todo.append(name.rpartition(".")[0])
    return closed


def test_every_flow_and_stage_is_found():
    assert len(flows()) == 5 and len(stages()) >= 24


def test_a_stage_depends_on_the_imports_of_its_step_by_grimp():
    for stage, starts in stages().items():
        assert set(closure(starts, parse)) == reached(starts), stage


@pytest.mark.slow
def test_an_edit_of_any_module_makes_exactly_the_stages_stale_whose_step_imports_it():
    expected = {stage: reached(starts) for stage, starts in stages().items()}
    before = {stage: fingerprint_of(closure(starts, parse).items()) for stage, starts in stages().items()}
    stale = {}
    for name, source in tree().items():
        edited = parsed(name, Source(source.text + b"\nanother = 1\n", source.is_package))

        def parse_edited(other, name=name, edited=edited):
            return edited if other == name else parse(other)

        after = {stage: fingerprint_of(closure(starts, parse_edited).items()) for stage, starts in stages().items()}
        stale[name] = {stage for stage in after if after[stage] != before[stage]}
        assert stale[name] == {stage for stage, modules in expected.items() if name in modules}, name
    assert len(stale) > 300 and sum(map(bool, stale.values())) > 150


def test_a_comment_or_a_docstring_of_any_module_makes_no_stage_stale():
    for name, source in tree().items():
        text = b"# a remark\n" + source.text.replace(b'"""', b'"""Another word. ', 1)
        assert parsed(name, Source(text, source.is_package)) == parse(name), name


def stages_with(*names):
    return {stage for stage, starts in stages().items() if set(names) & set(closure(starts, parse))}


def test_component_edges_and_ocr_texts_make_their_stages_stale():
    assert any("NOTE_TIES" in stage for stage in stages_with("pipelines.mining.components.note_ties_step"))
    assert any("SFT_ROWS" in stage for stage in stages_with("pipelines.shards.training_rows.sft_rows_step"))


def test_progress_locks_retries_and_views_make_no_stage_stale():
    names = [f"pipelines.workspace.{name}" for name in ("progress_line", "spark_progress", "lock", "error_messages", "retry")]
    names += [
        "pipelines.engines.ray.actor_pool",
        "pipelines.engines.ray.dead_actors",
        "pipelines.workspace.duckdb.views",
        "pipelines.inspect.report.page",
    ]
    assert stages_with(*names) == set()


def test_edits_of_matching_keep_fingerprints_and_edits_of_their_kernels_do_not():
    """A stored fingerprint depends on the closure of the function that computes it, as in `made_by`."""
    from pipelines.mining.images.fingerprint.fingerprint import fingerprint
    from pipelines.shards.files.jpeg import reencoded

    kernels = set(closure([fingerprint.__module__], parse)) | set(closure([reencoded.__module__], parse))
    assert {
        "pipelines.mining.images.fingerprint.local_features",
        "pipelines.mining.images.fingerprint.perceptual_hashes",
        "pipelines.media.decode",
    } <= kernels
    assert (
        not {
            "pipelines.mining.images.match_step",
            "pipelines.mining.images.verify.verify_pair",
            "pipelines.media.picture_bytes",
            "pipelines.mining.intake.select_notes_step",
        }
        & kernels
    )


def test_the_encoder_that_is_loaded_by_its_name_counts():
    """It is no import of the step: `encoding_code` adds the backend of the preset to what the vectors depend on."""
    from pipelines.encode.load_encoder import backend_code, backend_module
    from pipelines.encode.preset import PRESETS, load_spec
    from pipelines.flows.mine_hard_negatives.embed_stage import encoding_code

    specs = {path.stem: load_spec(path.stem) for path in PRESETS.glob("*.toml")}
    backends = {name for name in tree() if name.startswith("pipelines.encode.backends.")}
    assert {backend_module(spec) for spec in specs.values()} == backends
    assert (
        len({encoding_code(spec) for spec in specs.values()}) == len({backend_code(s) for s in specs.values()}) == len(backends)
    )
    small = set(closure([backend_module(specs["small"])], parse))
    assert {"pipelines.encode.backends.small", "small_encoder.network"} <= small
    assert "pipelines.encode.small.train" not in small


@pytest.mark.slow
@pytest.mark.parametrize(
    "step",
    [
        "pipelines.mining.images.match_step",
        "pipelines.encode.encode_chunk",
        "pipelines.flows.mine_hard_negatives.negatives_stage",
    ],
)
def test_modules_loaded_with_a_step_count_or_are_outside(step):
    program = f"import sys, {step}; print(*[m for m in sys.modules if m.split('.')[0] in {PROJECT!r}])"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    counted = set(closure([step], parse))
    by_outside = {name for place in done.stdout.split() if outside(place) for name in reached_through(place)}
    assert {name for name in done.stdout.split() if not outside(name)} <= counted | by_outside


def reached_through(name):
    return closure([name], parse, outside=())


def test_modules_outside_are_no_steps_and_compute_no_rows():
    """None of them is a step, or imports libraries that compute rows."""
    engines = ("pyspark.sql.functions", "pyarrow.compute", "numpy", "cv2", "torch", "scipy", "PIL")
    for name in filter(outside, tree()):
        imports = parse(name).imports
        assert not [i for i in imports if any(i == e or i.startswith(f"{e}.") for e in engines)], name
    assert not [start for starts in stages().values() for start in starts if outside(start)]
    assert all(place in tree() and reason for place, reason in OUTSIDE.items())


def test_steps_import_no_constants_from_outside():
    """Steps may import functions, classes and tables from outside; a changed threshold there would make no stage stale."""
    inside = {name for starts in stages().values() for name in closure(starts, parse)}
    imported = {i for name in inside for i in parse(name).imports if outside(i.rpartition(".")[0]) and not outside_module(i)}
    constants = {i: value for i in imported if not harmless(value := value_of(i))}
    assert constants == {}


def outside_module(name):
    return name in tree()


def value_of(name):
    module, _, attribute = name.rpartition(".")
    return getattr(importlib.import_module(module), attribute)


def harmless(value):
    if isinstance(value, dict | list | tuple) and not hasattr(value, "_fields"):
        return all(map(harmless, value.values() if isinstance(value, dict) else value))
    return callable(value) or inspect.ismodule(value) or isinstance(value, Table | pa.DataType | pa.Schema)


VERBS = {
    *("where", "filter", "select", "withColumn", "withColumns", "join", "groupBy", "agg", "unionByName", "union", "distinct"),
    *("dropDuplicates", "sort_by", "orderBy", "take", "slice", "append_column", "set_column", "drop", "limit", "sample"),
}
ENGINES = {"F", "pc", "np", "reduce", "Window"}


@pytest.mark.parametrize("name", sorted(flows()))
def test_a_flow_only_reads_tables_and_calls_a_step(name):
    """A decision in a flow would change rows and make no stage stale: rows are selected, joined and counted in steps."""
    functions = {n.name: n for n in ast.walk(flows()[name]) if isinstance(n, ast.FunctionDef)}
    for call in stage_calls(flows()[name]):
        todo, seen = [call.args[1]], set()
        while todo:
            node = todo.pop()
            for part in ast.walk(node):
                if isinstance(part, ast.Call) and isinstance(part.func, ast.Attribute):
                    assert part.func.attr not in VERBS, f"{name}:{part.lineno} .{part.func.attr} belongs into a step"
                if isinstance(part, ast.Name):
                    assert part.id not in ENGINES, f"{name}:{part.lineno} {part.id} belongs into a step"
                    if part.id in functions and part.id not in seen:
                        seen.add(part.id)
                        todo.append(functions[part.id])


def test_modules_are_imported_by_statements():
    """A module name composed at run time is not in the closure; a constant string is."""
    dynamic = []
    imports_by_name = {"pipelines.encode.load_encoder"}  # its `backend_code` is in the fingerprint of both stages that encode
    for name, source in tree().items():
        if name in imports_by_name:
            continue
        for node in ast.walk(ast.parse(source.text)):
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("import_module", "__import__")):
                dynamic += [] if isinstance(node.args[0], ast.Constant) else [f"{name}:{node.lineno}"]
    assert dynamic == []


COUNTED_ELSEWHERE = {
    "small_encoder/weights.safetensors": "the encoder's fingerprint, stored with every vector",
}


def test_data_files_of_packages_count_elsewhere():
    """Only Python files count: a prompt or a query in another file must be listed here, with the fingerprint that has it."""
    packages = {name for starts in stages().values() for name in closure(starts, parse) if tree()[name].is_package}
    folders = [ROOT.joinpath(*name.split(".")) for name in packages if not outside(name)]
    data_files = [
        f
        for folder in folders
        for f in folder.iterdir()
        if f.is_file() and f.suffix not in (".py", ".pyc") and f.name != "py.typed"
    ]
    assert {str(f.relative_to(ROOT)) for f in data_files} - set(COUNTED_ELSEWHERE) == set()


def test_positives_and_items_have_the_same_code_in_both_jobs():
    """Each job adds its engine's writer, and still the run ids are the same."""
    for table in ("POSITIVES", "ITEMS"):
        both = [stage for stage in stages() if stage.endswith(f"[{table}]")]
        own = {code_fingerprint(*stages()[s], *WRITERS["spark_stages" if "mine_pairs" in s else "arrow_stages"]) for s in both}
        assert len(both) == 2 and len(own) == 1


def test_writers_and_spark_settings_count_for_every_stage_of_their_engine():
    for module, writers in WRITERS.items():
        text = (ROOT / "pipelines" / "workspace" / f"{module}.py").read_text(encoding="utf8")
        namespace = vars(importlib.import_module(f"pipelines.workspace.{module}"))
        added = [
            call.args[4:]
            for call in ast.walk(ast.parse(text))
            if isinstance(call, ast.Call) and ast.unparse(call.func) == "planned"
        ]
        modules = [{getattr(value := namespace[a.id], "__module__", value) for a in args} for args in added]
        assert (
            modules
            and set(writers) in modules
            and all(set(writers) - names <= {"pipelines.workspace.spark_io"} for names in modules)
        )


def test_fingerprints_of_one_job_take_less_than_two_seconds():
    """Measured in a new process, where nothing is parsed yet, as CPU time, since the machine may be busy."""
    for job in flows():
        mine = [tuple(starts) for stage, starts in stages().items() if stage.startswith(job)]
        program = (
            "import time; from pipelines.workspace.code_fingerprint import code_fingerprint; started = time.process_time()\n"
            f"for starts in {mine!r}: code_fingerprint(*starts)\n"
            "print(time.process_time() - started)"
        )
        done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
        assert float(done.stdout) < 2, job
