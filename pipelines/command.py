"""Where jobs take their command line from: `schemas.command`, which the trainer shares."""

from schemas.command import USERS_MISTAKE, run_job

__all__ = ["USERS_MISTAKE", "run_job"]
