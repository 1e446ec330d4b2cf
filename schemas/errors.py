"""Errors that the user can fix: a job prints one as a single line and exits with 2."""


class UninoteError(ValueError):
    """The user's input is invalid; the message says what was found, what was expected, where, and what to do."""


class SchemaError(UninoteError):
    """A table does not have the expected columns."""


class SettingsError(UninoteError):
    """A settings file or a --set has an unknown key or an invalid value."""


class DataError(UninoteError):
    """The data is invalid: too many rejected rows, a damaged file, nothing left to mine."""


class StoreError(Exception):
    """A store or a disk still fails after all retries; a job prints this as one line and exits with 1."""
