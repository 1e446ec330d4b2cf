"""Where a model's files are: a folder that was named, the hub's cache, or the hub."""

from pathlib import Path
from typing import Literal, Protocol

from huggingface_hub import constants, snapshot_download
from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, OfflineModeIsEnabled

from schemas.errors import SettingsError

SMALL_FILES = ["*.json", "*.txt", "*.model", "*.jinja", "*.tiktoken"]
"""What a preparer needs: tokenizer, picture settings, chat template."""
WEIGHTS = ["*.safetensors", "*.bin"]
Section = Literal["encoder", "judge"]
INSTEAD: dict[Section, str] = {"encoder": "encoder.name=small", "judge": "judge.name=overlap"}
"""What needs no such files."""


class Named(Protocol):
    """What a preset says of where a model is."""

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
        """A local folder that stands for `model`."""
        ...


def folder_of(spec: Named, weights: bool, section: Section = "encoder") -> Path:
    """The folder with the model's files, fetched if there is a network.

    Args:
        spec: `path` wins over `model`.
        weights: whether the weights are needed too; a judge's are safetensors.
        section: of the settings, for the error.

    Raises:
        SettingsError: what was looked for, where, and how to get it.
    """
    if spec.path is not None:
        folder = Path(spec.path).expanduser()
        if not folder.is_dir():
            raise SettingsError(f"{section}.path {spec.path}: no such folder; wanted the downloaded files of {spec.model}")
        return folder
    if not spec.model:
        raise SettingsError(f"{section}.model is empty and there is no {section}.path: name a hub id or a folder")
    try:
        patterns = SMALL_FILES + (WEIGHTS[: 1 if section == "judge" else 2] if weights else [])
        return Path(snapshot_download(spec.model, revision=spec.revision, allow_patterns=patterns))
    except (LocalEntryNotFoundError, OfflineModeIsEnabled, HfHubHTTPError, HFValidationError, OSError) as error:
        revision = f" --revision {spec.revision}" if spec.revision else ""
        raise SettingsError(
            f"{section}.model '{spec.model}': not in the hub's cache ({constants.HF_HUB_CACHE}) and not fetched "
            f"({type(error).__name__}: {str(error).splitlines()[0][:160]}); where there is a network run "
            f"`hf download {spec.model}{revision} --local-dir DIR` and set {section}.path=DIR, or use {INSTEAD[section]}"
        ) from None
