"""Every number of every job has its bounds beside it, and every path of every job refuses to be nothing."""

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
    """The types that a value or its parts may have, each with what its annotations say."""
    if typing.get_origin(kind) is typing.Annotated:
        inner, *more = typing.get_args(kind)
        found = [m for info in more for m in (info.metadata if isinstance(info, FieldInfo) else [info])]
        yield from plain(inner, (*bounds, *found))
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


def beyond_bounds(job: str) -> list[tuple[str, object]]:
    """(key, value beyond it) for each bound of each number; a number without one fails."""
    beyond = []
    for key, part, bounds in leaves(KINDS[job]):
        if part not in (int, float) or key.endswith(".extra"):
            continue
        low = [b.ge - 1 if isinstance(b, Ge) else b.gt for b in bounds if isinstance(b, Ge | Gt)]
        high = [b.le + 1 if isinstance(b, Le) else b.lt for b in bounds if isinstance(b, Le | Lt)]
        assert low, f"{job}: {key} has no lower bound"
        assert high or job not in SPARK, f"{job}: {key} has no upper bound"
        beyond += [(key, value) for value in low + high]
    return beyond


@pytest.mark.parametrize("job", KINDS)
def test_every_number_of_a_job_has_bounds_and_is_refused_beyond_them(job):
    for key, value in beyond_bounds(job):
        for given in (value, [value]):  # a list is right for a few
            with pytest.raises(SettingsError, match=key.rsplit(".", 1)[-1]):
                load_settings(KINDS[job], None, [f"{key}={given}"], {})


@pytest.mark.parametrize("job", KINDS)
def test_no_number_of_a_job_may_be_nan_or_infinite(job):
    for key, part, _ in leaves(KINDS[job]):
        for value in ("nan", "inf", "-inf") if part in (int, float) else ():
            for given in (value, f"[{value}, {value}]"):
                with pytest.raises(SettingsError):
                    load_settings(KINDS[job], None, [f"{key}={given}"], {})


@pytest.mark.parametrize(
    "key", ["window_days", "max_notes_per_user", "min_users", "top_pairs", "swing_alpha", "swing_users_per_note"]
)
@pytest.mark.parametrize("value", ["nan", "-1", "1000000000"])
def test_co_click_refuses_what_would_lift_its_caps_or_empty_its_scores(key, value):
    with pytest.raises(SettingsError, match=key):
        load_settings(KINDS["mine_pairs"], None, [f"co_click.{key}={value}"], {})


@pytest.mark.parametrize("job", KINDS)
def test_every_path_of_a_job_refuses_to_be_nothing(job):
    for key, part, _ in leaves(KINDS[job]):
        if part is str and key.rsplit(".", 1)[-1] in PATHS:
            with pytest.raises(SettingsError, match="expected a path or URI, got nothing"):
                load_settings(KINDS[job], None, [f"{key}="], {})
