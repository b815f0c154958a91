"""What a corrector changed, counted by hand; a page that escapes what it shows."""

from __future__ import annotations

import pytest

from lilliput.tasks.nbest import NBest
from lilliput.train.corrections import Corrections, corrections, shown

pytest.importorskip("rapidfuzz", reason="RapidFuzz is not installed")

ITEMS = [
    NBest(("a b c", "a x c"), "a b c"),  # right before
    NBest(("non stop", "non stops"), "nonstop"),
    NBest(("too late", "to late"), "to late"),
]


def test_counts_are_those_of_hand() -> None:
    kept = corrections(ITEMS, ["a b c", "non stop", "too late"])
    assert kept == Corrections(right=1, spoilt=0, changed=0, put_in=0, new=0)
    found = corrections(ITEMS, ["a y c", "nonstop", "to late"])
    assert found == Corrections(right=1, spoilt=1, changed=3, put_in=2, new=1)


def test_the_page_shows_what_changed_and_nothing_else() -> None:
    items = [*ITEMS, NBest(("<b>x</b>",), "<i>")]
    page = shown(items, ["a b c", "nonstop", "too late", "<script>"], "Corrected & shown")
    assert page.count("<tr class=") == 2
    assert '<tr class="better"><td>non stop</td><td><mark>nonstop</mark></td><td>nonstop</td><td>2 → 0</td>' in page
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert "Corrected &amp; shown" in page
    assert shown(items, ["", "", "", ""], "all gone", most=1).count("<tr class=") == 1
