"""Fixtures of the trainings that are killed."""

from tests.support.tiny_training import models, sft  # noqa: F401
