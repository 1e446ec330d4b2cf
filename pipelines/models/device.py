"""Checks the device of a setting before any work is done."""

from schemas.errors import SettingsError


def refuse_device(device: str, setting: str) -> None:
    """Check that torch can put a tensor on the device, in this process.

    Raises:
        SettingsError: no such device, or none of this number.
    """
    import torch

    try:
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError) as error:  # the latter if torch was built without the device
        why = str(error).splitlines()[0][:200]
        count = torch.cuda.device_count() if torch.cuda.is_available() else 0
        gpus = f"sees {count} GPUs, and not this one" if count else "sees no GPU here"
        raise SettingsError(
            f"{setting}={device}: torch {torch.__version__} {gpus} ({why}); set {setting}=cpu, or install a torch for this "
            "machine's GPU"
        ) from None
