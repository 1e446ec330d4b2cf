"""A server's words as they may stand in a message or a table: one printable line, not long, without the key."""

import base64
import html
import json
from urllib.parse import quote, quote_plus

TOLD = 300
"""Characters that are kept."""
HIDDEN = "***"
SECRET = 6
"""Characters of a key from which it is one: vLLM and others are asked with "x", "no" or "EMPTY"."""


class Words:
    """Takes one key out of whatever a server has said."""

    def __init__(self, key: str | None) -> None:
        """Keep the ways in which the key may come back: plain, and as JSON, URLs, HTML and Basic authorization write it."""
        forms = set()
        if key:
            raw = key.encode()
            forms = {
                key,
                json.dumps(key)[1:-1],
                key.replace("/", "\\/"),
                quote(key, safe=""),
                quote_plus(key),
                html.escape(key),
            }
            forms |= {base64.b64encode(raw).decode(), base64.b64encode(b":" + raw).decode()}
        self._long = len(key or "") >= SECRET
        self._forms = sorted(forms, key=lambda form: (-len(form), form))

    def without_key(self, text: str) -> str:
        """The text, with *** for the key."""
        for form in self._forms:
            text = text.replace(form, HIDDEN)
        return text

    def body(self, content: bytes) -> bytes:
        """A body, with *** for the key, before anybody cuts or parses it; one as short as a word of an answer stays."""
        for form in self._forms if self._long else ():
            content = content.replace(form.encode(), HIDDEN.encode())
        return content

    def line(self, told: bytes | str) -> str:
        r"""One line of at most TOLD characters; the key goes before the cut, so that no half of it stays.

        >>> Words("sk-1").line(b"wrong key sk-1\r\n\x1b[2J")
        'wrong key *** [2J'
        """
        text = told.decode(errors="replace") if isinstance(told, bytes) else told
        plain = "".join(c if c.isprintable() else " " for c in self.without_key(text)[: 4 * TOLD])
        return " ".join(plain.split())[:TOLD]
