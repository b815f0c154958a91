"""Parts of drawings as SVG: well-formed whatever they are told, readable in grey, and dark where the page is.

    document(320, 200, "Error by size", [line(40, 160, 300, 160), dot(50, 80, 3, COLOURS[0], tip="1 kB: 4 %")])

Lengths are pixels, y grows downwards.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal
from xml.sax.saxutils import escape, quoteattr

COLOURS = ("#1f5f8b", "#b5541c", "#4a7a35", "#7a3b7a")
"""For a few lines side by side; they differ in grey too."""
UNCLEAR = "#888"
"""Of what is no difference."""
Anchor = Literal["start", "middle", "end"]
Point = tuple[float, float]
_STYLE = """<style>
  text { font: 11px system-ui, sans-serif; fill: #1c1c1c } .title { font-size: 14px; font-weight: 600 }
  .paper { fill: #fff } .axis { stroke: #777 } .grid { stroke: #ddd }
  @media (prefers-color-scheme: dark) {
    .paper { fill: #16181c } text { fill: #e8e8e8 } .axis { stroke: #aaa } .grid { stroke: #333 }
  }
</style>"""


def document(width: float, height: float, title: str, parts: Iterable[str], *, style: str = "") -> str:
    """A whole drawing.

    Args:
        width: of the paper.
        height: of the paper.
        title: what is said to those who do not see it; it is not drawn.
        parts: of the functions below, or other well-formed SVG.
        style: more CSS, well-formed and not from outside.
    """
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:g}" height="{height:g}" '
        f'viewBox="0 0 {width:g} {height:g}" role="img" aria-label={quoteattr(title)}>'
    )
    own = [f"<style>{style}</style>"] if style else []
    paper = f'<rect class="paper" width="{width:g}" height="{height:g}"/>'
    return "\n".join([head, _STYLE, *own, paper, *parts, "</svg>", ""])


def text(x: float, y: float, words: str, *, anchor: Anchor = "middle", colour: str = "", title: bool = False) -> str:
    """Words whose base line is at y."""
    kind = ' class="title"' if title else ""
    fill = f' style="fill:{colour}"' if colour else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{kind}{fill}>{escape(words)}</text>'


def line(x1: float, y1: float, x2: float, y2: float, *, kind: Literal["axis", "grid"] = "axis") -> str:
    """A straight line that belongs to the frame."""
    return f'<line class="{kind}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'


def path(points: Sequence[Point], colour: str, *, width: float = 1.5, dashed: bool = False, opacity: float = 1) -> str:
    """A line through points."""
    steps = " ".join(f"{'L' if place else 'M'}{x:.1f} {y:.1f}" for place, (x, y) in enumerate(points))
    dash = ' stroke-dasharray="4 4"' if dashed else ""
    pale = f' stroke-opacity="{opacity:g}"' if opacity < 1 else ""
    return f'<path d="{steps}" fill="none" stroke="{colour}" stroke-width="{width:g}"{dash}{pale}/>'


def dot(x: float, y: float, radius: float, colour: str, *, tip: str = "", opacity: float = 1) -> str:
    """A point; `tip` is shown under the pointer."""
    pale = f' fill-opacity="{opacity:g}"' if opacity < 1 else ""
    told = f"<title>{escape(tip)}</title>" if tip else ""
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:g}" fill="{colour}"{pale}>{told}</circle>'


def frame(x: float, y: float, width: float, height: float) -> str:
    """An empty box."""
    return f'<rect class="grid" x="{x:.1f}" y="{y:.1f}" width="{width:g}" height="{height:g}" fill="none"/>'
