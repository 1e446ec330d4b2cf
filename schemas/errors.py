"""The errors that a user can mend; a job prints one as a single line and exits with 2."""


class UninoteError(ValueError):
    """Something is wrong with what the user gave: what was found, what is wanted, where, what to do."""


class SchemaError(UninoteError):
    """A table does not have the columns that it must have."""


class SettingsError(UninoteError):
    """A settings file or a --set has an unknown key or a value that cannot be."""


class DataError(UninoteError):
    """The rows themselves are wrong: too many refused, a damaged file, nothing left to mine."""


class StoreError(Exception):
    """A store or a disk does not answer, or refuses, whenever it is asked; a job prints it as one line and exits with 1."""
