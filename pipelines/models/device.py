"""A device that a setting names, looked at before there is work for it."""

from schemas.errors import SettingsError


def refuse_device(device: str, setting: str) -> None:
    """See that torch can put a tensor there, in this process.

    Raises:
        SettingsError: it cannot: no such device, or none of this number.
    """
    import torch

    try:
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError) as error:  # the latter where torch was built without the device
        why = str(error).splitlines()[0][:200]
        count = torch.cuda.device_count() if torch.cuda.is_available() else 0
        found = f"sees {count} GPUs, and not this one" if count else "sees no GPU here"
        raise SettingsError(
            f"{setting}={device}: torch {torch.__version__} {found} ({why}); set {setting}=cpu, or install a torch for this "
            "machine's GPU"
        ) from None
