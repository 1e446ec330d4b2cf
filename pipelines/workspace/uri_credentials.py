"""Credentials in URIs; re-exported from schemas.credentials, which the trainer uses too."""

from schemas.credentials import USERINFO, redacted, refuse_credentials

__all__ = ["USERINFO", "redacted", "refuse_credentials"]
