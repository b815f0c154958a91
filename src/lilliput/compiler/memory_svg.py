"""Draw a memory plan: time from left to right, one column a layer; the arena from bottom to top; one box a buffer.

Plain SVG, readable in grey and in dark mode, with the numbers in each box's title.
"""

from __future__ import annotations

from collections.abc import Sequence
from xml.sax.saxutils import escape

from lilliput.compiler.memory import MemoryPlan, Step
from lilliput.compiler.placement import Buffer
from lilliput.core.svg import document, text

_LEFT, _TOP, _PLOT_HEIGHT, _BOTTOM, _RIGHT = 76, 44, 300, 84, 24


def memory_svg(plan: MemoryPlan, steps: Sequence[Step], title: str, column: int = 58) -> str:
    """The drawing of `plan` as an SVG document.

    Args:
        plan: what to draw.
        steps: the kernel calls, for the labels of the columns.
        title: heading of the drawing.
        column: width of one step in pixels.
    """
    count = max(len(steps), 1)
    width, height = _LEFT + count * column + _RIGHT, _TOP + _PLOT_HEIGHT + _BOTTOM
    scale = _PLOT_HEIGHT / max(plan.arena_bytes, 1)
    peak = max(range(count), key=plan.live_bytes, default=0)
    parts = [
        text(_LEFT, 20, title, anchor="start", title=True),
        f'<text x="{_LEFT}" y="36" class="note">arena {plan.arena_bytes:,} B; largest sum of live buffers '
        f"{plan.bound:,} B, at step {peak}</text>".replace(",", " "),
        f'<rect class="peak" x="{_LEFT + peak * column}" y="{_TOP}" width="{column}" height="{_PLOT_HEIGHT}"/>',
    ]
    parts += _axis(plan, scale, count * column)
    parts += [_box(buffer, offset, scale, column, count, len(steps)) for buffer, offset in plan.buffers]
    for step in steps:
        x = _LEFT + step.index * column + column / 2
        y = _TOP + _PLOT_HEIGHT + 12
        label = f"{step.index} {step.node.name}"[:24]
        parts.append(f'<text class="label" x="{x:g}" y="{y}" transform="rotate(40 {x:g} {y})">{escape(label)}</text>')
    return document(width, height, title, parts, style=_STYLE)


def _axis(plan: MemoryPlan, scale: float, plot_width: int) -> list[str]:
    base = _TOP + _PLOT_HEIGHT
    parts = [f'<line class="axis" x1="{_LEFT}" y1="{base}" x2="{_LEFT + plot_width}" y2="{base}"/>']
    for quarter in range(5):
        value = plan.arena_bytes * quarter // 4
        y = base - value * scale
        parts.append(f'<line class="grid" x1="{_LEFT}" y1="{y:.1f}" x2="{_LEFT + plot_width}" y2="{y:.1f}"/>')
        bytes_ = f"{value:,} B".replace(",", " ")
        parts.append(f'<text class="tick" x="{_LEFT - 6}" y="{y + 4:.1f}">{bytes_}</text>')
    return parts


def _box(buffer: Buffer, offset: int, scale: float, column: int, count: int, steps: int) -> str:
    first, last = max(buffer.first, 0), min(buffer.last, count - 1)
    x, width = _LEFT + first * column, (last - first + 1) * column
    box_height = max(buffer.nbytes * scale, 1.0)
    y = _TOP + _PLOT_HEIGHT - offset * scale - box_height
    names = ", ".join(buffer.names)
    kind = "scratch" if names.startswith("scratch of") else ("port" if buffer.first < 0 or buffer.last >= steps else "")
    tip = f"{names}: {buffer.nbytes} B at {offset}, steps {first} to {last}"
    label = escape(names[: max(int(width / 6.2) - 1, 1)]) if box_height >= 12 else ""
    return (
        f'<g><title>{escape(tip)}</title><rect class="box {kind}" x="{x + 1}" y="{y:.1f}" width="{width - 2}" '
        f'height="{box_height:.1f}" rx="2"/>'
        f'<text class="name" x="{x + 6}" y="{y + box_height / 2 + 4:.1f}">{label}</text></g>'
    )


_STYLE = """
  .note, .label { fill: #555 } .tick { text-anchor: end; fill: #555 } .peak { fill: #f3e6d0 }
  .box { fill: #9db8d9; stroke: #2f4d73 } .box.scratch { fill: #d9d9d9; stroke: #666; stroke-dasharray: 3 2 }
  .box.port { fill: #b9d8b4; stroke: #3c6b35 }
  @media (prefers-color-scheme: dark) {
    .note, .label, .tick { fill: #aaa } .peak { fill: #3a3222 } .name { fill: #111 }
  }
"""
