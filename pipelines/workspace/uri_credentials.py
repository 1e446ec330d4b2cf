"""Passwords, keys and signatures in URIs: of schemas.credentials, where the trainer finds them, too."""

from schemas.credentials import USERINFO, redacted, refuse_credentials

__all__ = ["USERINFO", "redacted", "refuse_credentials"]
