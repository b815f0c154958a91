"""What attention looks at in recordings of joints, as a picture. Axes: T frames, J joints."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

_CELL = 56
_MARGIN = 6
_RADIUS = 2
_DIM, _BRIGHT = (190, 190, 190), (200, 30, 30)


def attention_picture(
    clips: Sequence[NDArray[np.floating]],
    joints: Sequence[NDArray[np.floating]],
    frames: Sequence[NDArray[np.floating]],
) -> Image.Image:
    """A line a clip, a body a frame: joints are as red as they are weighed, bars below as high as their frames are.

    Args:
        clips: (T, J, 3) each; y is upright, x to the right.
        joints: (T, J) each, 1 for an even share, at least 0.
        frames: (T,) each, 1 for an even share.
    """
    count = max(len(clip) for clip in clips)
    picture = Image.new("RGB", (count * _CELL, len(clips) * (_CELL + _CELL // 2)), "white")
    draw = ImageDraw.Draw(picture)
    for line, (clip, of_joints, of_frames) in enumerate(zip(clips, joints, frames, strict=True)):
        top = line * (_CELL + _CELL // 2)
        plane = clip[:, :, :2] - clip[:, :, :2].min((0, 1))
        size = (_CELL - 2 * _MARGIN) / max(float(plane.max()), 1e-9)
        for t, body in enumerate(plane):
            for (x, y), weight in zip(body, of_joints[t], strict=True):
                across = t * _CELL + _MARGIN + x * size
                down = top + _CELL - _MARGIN - y * size
                share = min(float(weight) / 3, 1.0)
                colour = tuple(round(a + share * (b - a)) for a, b in zip(_DIM, _BRIGHT, strict=True))
                radius = _RADIUS * (0.6 + share)
                draw.ellipse((across - radius, down - radius, across + radius, down + radius), fill=colour)
            high = min(float(of_frames[t]), 3.0) / 3 * (_CELL // 2 - _MARGIN)
            left, low = t * _CELL + _CELL // 3, top + _CELL + _CELL // 2 - 2
            draw.rectangle((left, low - high, left + _CELL // 3, low), fill=_BRIGHT)
    return picture
