"""One-line messages for errors that the user can fix: a full disk or memory, missing permissions."""

import errno

import torch
from safetensors import SafetensorError

HOW_TO_RESUME = "fix this and start the same command again: it resumes from the last checkpoint, which is intact"
FIXABLE = (
    *(errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM),
    *(errno.ENOTDIR, errno.EISDIR, errno.EEXIST, errno.ENAMETOOLONG, errno.ELOOP),
)


def user_message(error: BaseException) -> str | None:
    """One line for an error that the user can fix; None for all others."""
    if isinstance(error, torch.OutOfMemoryError):
        return (
            "out of device memory: lower run.mini_batch (0 is the whole batch) or set model.gradient_checkpointing=true; "
            f"{HOW_TO_RESUME}"
        )
    if isinstance(error, OSError) and error.errno in FIXABLE:
        return f"{error.filename or 'a file'}: {error.strerror}: {HOW_TO_RESUME}"
    if isinstance(error, SafetensorError) and "os error" in str(error).lower():
        return f"a checkpoint could not be written: {error}: {HOW_TO_RESUME}"
    return None
