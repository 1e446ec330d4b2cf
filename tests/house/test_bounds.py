"""Every numeric setting of every job has bounds, and every path setting rejects an empty value."""

import dataclasses
import types
import typing
from collections.abc import Iterator

import pytest
from annotated_types import Ge, Gt, Le, Lt
from pydantic.fields import FieldInfo

from pipelines.encode.preset import EncoderSpec
from pipelines.judge.preset import JudgeSpec
from schemas.errors import SettingsError
from schemas.settings import load_settings
from scripts.generate_docs import JOBS, TRAINERS

SPARK = ("mine_pairs", "build_shards", "report_pairs", "import_qilin", "import_table", "audit_workspace", "open_workspace")
KINDS = JOBS | TRAINERS | {"encoder": EncoderSpec, "judge": JudgeSpec}
PATHS = {
    "workspace", "notes", "images", "image_root", "clicks", "output", "labels", "out", "qilin", "items", "path", "shards", "lists", "vectors",
    "write_items", "cache", "folder", "truth", "read",
}  # fmt: skip


def plain(kind: object, bounds: tuple[object, ...] = ()) -> Iterator[tuple[object, tuple[object, ...]]]:
    """Yield the types of a value and its parts, each with the constraints of its annotations."""
    if typing.get_origin(kind) is typing.Annotated:
        inner, *more = typing.get_args(kind)
        constraints = [m for info in more for m in (info.metadata if isinstance(info, FieldInfo) else [info])]
        yield from plain(inner, (*bounds, *constraints))
    elif typing.get_origin(kind) in (typing.Union, types.UnionType, tuple, list):
        for part in typing.get_args(kind):
            yield from plain(part, bounds)
    else:
        yield kind, bounds


def leaves(kind: type, section: str = "") -> Iterator[tuple[str, object, tuple[object, ...]]]:
    hints = typing.get_type_hints(kind, include_extras=True)
    for field in dataclasses.fields(kind):
        for part, bounds in plain(hints[field.name]):
            if dataclasses.is_dataclass(part):
                yield from leaves(part, f"{section}{field.name}.")
            else:
                yield f"{section}{field.name}", part, bounds


def values_out_of_bounds(job: str) -> list[tuple[str, object]]:
    """List (key, value outside it) for each bound of each number; fails for a number without bounds."""
    outside = []
    for key, part, bounds in leaves(KINDS[job]):
        if part not in (int, float) or key.endswith(".extra"):
            continue
        low = [b.ge - 1 if isinstance(b, Ge) else b.gt for b in bounds if isinstance(b, Ge | Gt)]
        high = [b.le + 1 if isinstance(b, Le) else b.lt for b in bounds if isinstance(b, Le | Lt)]
        assert low, f"{job}: {key} has no lower bound"
        assert high or job not in SPARK, f"{job}: {key} has no upper bound"
        outside += [(key, value) for value in low + high]
    return outside


@pytest.mark.parametrize("job", KINDS)
def test_every_number_of_a_job_has_bounds_and_is_rejected_outside(job):
    for key, value in values_out_of_bounds(job):
        for assigned in (value, [value]):  # a few settings are lists
            with pytest.raises(SettingsError, match=key.rsplit(".", 1)[-1]):
                load_settings(KINDS[job], None, [f"{key}={assigned}"], {})


@pytest.mark.parametrize("job", KINDS)
def test_no_number_of_a_job_may_be_nan_or_infinite(job):
    for key, part, _ in leaves(KINDS[job]):
        for value in ("nan", "inf", "-inf") if part in (int, float) else ():
            for assigned in (value, f"[{value}, {value}]"):
                with pytest.raises(SettingsError):
                    load_settings(KINDS[job], None, [f"{key}={assigned}"], {})


@pytest.mark.parametrize(
    "key", ["window_days", "max_notes_per_user", "min_users", "top_pairs", "swing_alpha", "swing_users_per_note"]
)
@pytest.mark.parametrize("value", ["nan", "-1", "1000000000"])
def test_co_click_rejects_values_that_disable_its_caps_or_scores(key, value):
    with pytest.raises(SettingsError, match=key):
        load_settings(KINDS["mine_pairs"], None, [f"co_click.{key}={value}"], {})


@pytest.mark.parametrize("job", KINDS)
def test_every_path_of_a_job_rejects_an_empty_value(job):
    for key, part, _ in leaves(KINDS[job]):
        if part is str and key.rsplit(".", 1)[-1] in PATHS:
            with pytest.raises(SettingsError, match="expected a path or URI, got nothing"):
                load_settings(KINDS[job], None, [f"{key}="], {})
