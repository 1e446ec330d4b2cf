"""What the machine refused, in one line: what is full, and what to do."""

import errno

import torch
from safetensors import SafetensorError

AGAIN = "the last checkpoint stands; mend that and start the run again: it goes on there"
MENDABLE = (
    *(errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM),
    *(errno.ENOTDIR, errno.EISDIR, errno.EEXIST, errno.ENAMETOOLONG, errno.ELOOP),
)


def told(error: BaseException) -> str | None:
    """One line for a fault that the user can mend; None for all others."""
    if isinstance(error, torch.OutOfMemoryError):
        return f"the device's memory is full: lower run.piece or set model.gradient_checkpointing=true; {AGAIN}"
    if isinstance(error, OSError) and error.errno in MENDABLE:
        return f"{error.filename or 'a file'}: {error.strerror}: {AGAIN}"
    if isinstance(error, SafetensorError) and "os error" in str(error).lower():
        return f"a checkpoint could not be written: {error}: {AGAIN}"
    return None
