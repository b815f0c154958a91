"""Drawings are well-formed whatever words they are given."""

from __future__ import annotations

import xml.etree.ElementTree as ET

from lilliput.core.svg import document, dot, frame, line, path, text

SVG = "{http://www.w3.org/2000/svg}"
NASTY = "</text><script>\"'&"


def test_words_from_outside_stay_words() -> None:
    parts = [text(1, 2, NASTY), dot(3, 4, 2, "#000", tip=NASTY)]
    root = ET.fromstring(document(10, 20, NASTY, parts))
    assert root.get("aria-label") == NASTY
    assert [part.text for part in root.iter(f"{SVG}text")] == [NASTY]
    assert [part.text for part in root.iter(f"{SVG}title")] == [NASTY]
    assert not list(root.iter(f"{SVG}script"))


def test_each_part_lies_where_it_is_told() -> None:
    parts = [
        line(0, 1, 2, 3, kind="grid"), path([(0, 0), (5, 6.25)], "#111", dashed=True, opacity=0.5), frame(1, 2, 3, 4),
        dot(7, 8, 2, "#222"), text(9, 10, "a", anchor="end", colour="#333", title=True),
    ]  # fmt: skip
    root = ET.fromstring(document(30, 40, "t", parts, style=".x { fill: red }"))
    assert (root.get("width"), root.get("height"), root.get("viewBox")) == ("30", "40", "0 0 30 40")
    (found,) = root.iter(f"{SVG}path")
    assert (found.get("d"), found.get("stroke-dasharray"), found.get("stroke-opacity")) == (
        "M0.0 0.0 L5.0 6.2",
        "4 4",
        "0.5",
    )
    (circle,) = root.iter(f"{SVG}circle")
    assert (circle.get("cx"), circle.get("cy"), circle.get("r")) == ("7.0", "8.0", "2")
    assert "prefers-color-scheme: dark" in "".join(style.text or "" for style in root.iter(f"{SVG}style"))
