"""Where a model's files are: a folder that was named, the hub's cache, or the hub."""

from pathlib import Path

from huggingface_hub import constants, snapshot_download
from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, OfflineModeIsEnabled

from pipelines.encode.spec import EncoderSpec
from schemas.errors import SettingsError

SMALL_FILES = ["*.json", "*.txt", "*.model", "*.jinja", "*.tiktoken"]
"""What a preparer needs: tokenizer, picture settings, chat template."""
WEIGHTS = ["*.safetensors", "*.bin"]


def folder_of(spec: EncoderSpec, weights: bool) -> Path:
    """The folder with the model's files, fetched if there is a network.

    Args:
        spec: `path` wins over `model`.
        weights: whether the weights are needed too.

    Raises:
        SettingsError: what was looked for, where, and how to get it.
    """
    if spec.path is not None:
        folder = Path(spec.path).expanduser()
        if not folder.is_dir():
            raise SettingsError(f"encoder.path {spec.path}: no such folder; wanted the downloaded files of {spec.model}")
        return folder
    if not spec.model:
        raise SettingsError("encoder.model is empty and there is no encoder.path: name a hub id or a folder")
    try:
        patterns = SMALL_FILES + (WEIGHTS if weights else [])
        return Path(snapshot_download(spec.model, revision=spec.revision, allow_patterns=patterns))
    except (LocalEntryNotFoundError, OfflineModeIsEnabled, HfHubHTTPError, HFValidationError, OSError) as error:
        revision = f" --revision {spec.revision}" if spec.revision else ""
        raise SettingsError(
            f"encoder.model '{spec.model}': not in the hub's cache ({constants.HF_HUB_CACHE}) and not fetched "
            f"({type(error).__name__}: {str(error).splitlines()[0][:160]}); where there is a network run "
            f"`hf download {spec.model}{revision} --local-dir DIR` and set encoder.path=DIR, or use encoder.name=small"
        ) from None
