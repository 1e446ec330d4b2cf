"""Finds a model's files: in a given folder, in the hub's cache, or on the hub."""

from pathlib import Path
from typing import Literal, Protocol

from huggingface_hub import constants, snapshot_download
from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, OfflineModeIsEnabled

from schemas.errors import SettingsError

SMALL_FILES = ["*.json", "*.txt", "*.model", "*.jinja", "*.tiktoken"]
"""Patterns of the files that a preparer needs: tokenizer, picture settings, chat template."""
WEIGHTS = ["*.safetensors", "*.bin"]
Section = Literal["encoder", "judge"]
INSTEAD: dict[Section, str] = {"encoder": "encoder.name=small", "judge": "judge.name=overlap"}
"""Settings that need no model files."""


class ModelSource(Protocol):
    """The fields of a preset that say where a model is."""

    @property
    def model(self) -> str:
        """A hub id."""
        ...

    @property
    def revision(self) -> str | None:
        """The hub's commit; None: the newest."""
        ...

    @property
    def path(self) -> str | None:
        """A local folder, used instead of `model`."""
        ...


def folder_of(spec: ModelSource, weights: bool, section: Section = "encoder") -> Path:
    """Find the folder with the model's files; downloads them if there is a network.

    Args:
        spec: `path` takes precedence over `model`.
        weights: whether the weights are needed too; a judge's must be safetensors.
        section: of the settings, for the error.

    Raises:
        SettingsError: the files are missing; says where they were searched and how to get them.
    """
    if spec.path is not None:
        folder = Path(spec.path).expanduser()
        if not folder.is_dir():
            raise SettingsError(f"{section}.path {spec.path}: no such folder; expected the downloaded files of {spec.model}")
        return folder
    if not spec.model:
        raise SettingsError(f"{section}.model is empty and there is no {section}.path: name a hub id or a folder")
    try:
        patterns = SMALL_FILES + (WEIGHTS[: 1 if section == "judge" else 2] if weights else [])
        return Path(snapshot_download(spec.model, revision=spec.revision, allow_patterns=patterns))
    except (LocalEntryNotFoundError, OfflineModeIsEnabled, HfHubHTTPError, HFValidationError, OSError) as error:
        revision = f" --revision {spec.revision}" if spec.revision else ""
        raise SettingsError(
            f"{section}.model '{spec.model}': not in the hub's cache ({constants.HF_HUB_CACHE}) and not downloaded "
            f"({type(error).__name__}: {str(error).splitlines()[0][:160]}); with a network run "
            f"`hf download {spec.model}{revision} --local-dir DIR` and set {section}.path=DIR, or use {INSTEAD[section]}"
        ) from None
