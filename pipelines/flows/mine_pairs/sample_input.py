"""The sample corpus as the job's input when it gets no notes, and the folder of its truth."""

from dataclasses import replace
from pathlib import Path

from pipelines.flows.mine_pairs.settings import Input, MinePairs
from pipelines.sources.sample_corpus.build import make_sample
from pipelines.workspace.filesystem import Folder
from pipelines.workspace.progress_line import log_progress
from schemas.errors import SettingsError


def with_sample(settings: MinePairs) -> MinePairs:
    """The settings, with the sample corpus as input where they name none; it is generated if it does not exist.

    Raises:
        SettingsError: the workspace is not on this machine's disk, or clicks or images are set without notes.
    """
    if settings.input.notes is not None:
        return settings
    if settings.input != Input():
        raise SettingsError("--images, --image-root and --clicks need --notes; without --notes the sample corpus is mined")
    if not Folder(settings.workspace).is_local():
        raise SettingsError(
            f"workspace {settings.workspace}: the sample corpus needs a local disk; set --notes, or a local --workspace"
        )
    folder = Path(settings.workspace) / "sample"
    log_progress(f"no --notes: mining the sample corpus in {folder}")
    make_sample(folder, settings.sample)
    return replace(settings, input=Input(notes=str(folder / "notes.parquet"), clicks=str(folder / "clicks.parquet")))


def truth_folder(settings: Input) -> Path | None:
    """The folder `truth` beside the notes; None for a corpus without one."""
    if settings.notes is None or not Folder(settings.notes).is_local():
        return None
    truth = Path(settings.notes).parent / "truth"
    return truth if truth.is_dir() else None
