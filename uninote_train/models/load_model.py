"""Load a model to train, by name. Only the selected module is imported."""

from schemas.errors import SettingsError
from uninote_train.models.protocol import Model
from uninote_train.models.settings import ModelChoice, kind_of

NEEDS = {
    "vlm": "torch, torchvision, transformers, peft",
    "open_clip": "torch, open_clip_torch",
    "small": "torch, safetensors",
}
"""Packages that each kind of model imports; all are in requirements/train.txt."""


def load_model(choice: ModelChoice, device: str = "cpu") -> Model:
    """The model on `device`, in training mode, with `requires_grad` set on the trained parameters.

    Raises:
        SettingsError: a package, a file or the device is missing; the message names it and says what to do.
    """
    try:
        model = _loaded(choice, device)
    except ImportError as error:
        raise SettingsError(
            f"model.kind '{kind_of(choice)}' needs {NEEDS[kind_of(choice)]}: {error}; install them with "
            "`pip install -r requirements/train.txt`"
        ) from None
    if choice.gradient_checkpointing or (choice.gradient_checkpointing is None and model.checkpointing):
        model.start_checkpointing()
    return model.train().to(device)


def _loaded(choice: ModelChoice, device: str) -> Model:
    match kind_of(choice):
        case "vlm":
            from uninote_train.models.vlm import VlmModel

            return VlmModel(choice, device)
        case "open_clip":
            from uninote_train.models.open_clip import ClipModel

            return ClipModel(choice)
        case "small":
            from uninote_train.models.small import SmallModel

            return SmallModel(choice)
