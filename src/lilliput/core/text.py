"""Text from files and other programs, made safe to show on a terminal."""

from __future__ import annotations

import unicodedata

_KEPT = {"\n", "\t"}


def printable(text: str) -> str:
    """`text` with control characters and lone surrogates as escapes: `ESC` as `\\x1b`.

    A layer name or a file name can hold terminal commands; shown as they are, they would be obeyed.
    """
    if text.isprintable():
        return text
    return "".join(_shown(char) for char in text)


def _shown(char: str) -> str:
    # Cc controls, Cs surrogates, and the format characters that turn the direction of the text round.
    hidden = (
        unicodedata.category(char) in ("Cc", "Cs") or char in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
    )
    return char.encode("unicode_escape").decode() if hidden and char not in _KEPT else char
