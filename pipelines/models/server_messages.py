"""Cleans text of a server for messages and tables: one printable line, truncated, without the API key."""

import base64
import html
import json
from urllib.parse import quote, quote_plus

MAX_LENGTH = 300
"""Characters of a line."""
HIDDEN = "***"
SECRET = 6
"""Minimum length of a real key: vLLM and others accept "x", "no" or "EMPTY"."""


class KeyRedactor:
    """Removes an API key from the text of a server."""

    def __init__(self, key: str | None) -> None:
        """Keep the forms in which the key may be echoed: plain, and as in JSON, URLs, HTML and Basic authorization."""
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
        """The text with *** in place of the key."""
        for form in self._forms:
            text = text.replace(form, HIDDEN)
        return text

    def body(self, content: bytes) -> bytes:
        """A body with *** in place of the key, before it is cut or parsed; a key as short as a word of an answer stays."""
        for form in self._forms if self._long else ():
            content = content.replace(form.encode(), HIDDEN.encode())
        return content

    def line(self, text: bytes | str) -> str:
        r"""One line of at most MAX_LENGTH characters; the key is removed before the cut, so that no half of it stays.

        >>> KeyRedactor("sk-1").line(b"wrong key sk-1\r\n\x1b[2J")
        'wrong key *** [2J'
        """
        decoded = text.decode(errors="replace") if isinstance(text, bytes) else text
        plain = "".join(c if c.isprintable() else " " for c in self.without_key(decoded)[: 4 * MAX_LENGTH])
        return " ".join(plain.split())[:MAX_LENGTH]
