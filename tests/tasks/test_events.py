"""Events: the three formats, frames made of them, and files that are damaged."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lilliput.core.errors import BadName, CutShort, ImpossibleSize, MissingFile, NotThisFormat, OutOfRange
from lilliput.tasks import events as module
from lilliput.tasks.events import Events, events_of, read_events, read_nmnist, shrunk, to_frames
from tests.tasks.damage import accepted


def nmnist_bytes(events: list[tuple[int, int, int, int]]) -> bytes:
    """(x, y, p, t) as published: 40 bits, x 8, y 8, p 1, t 23, most significant first."""
    return b"".join((x << 32 | y << 24 | p << 23 | t).to_bytes(5, "big") for x, y, p, t in events)


def some(count: int = 200, seed: int = 0) -> Events:
    rng = np.random.default_rng(seed)
    t = np.sort(rng.integers(0, 1000, count))
    return events_of(rng.integers(0, 6, count), rng.integers(0, 5, count), t, rng.integers(0, 2, count), (5, 6), "some")


def test_forty_bits_are_an_event(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(nmnist_bytes([(3, 33, 1, 100), (33, 0, 0, 70_000), (0, 7, 1, (1 << 23) - 1)]))
    found = read_events(path)
    assert found.x.tolist() == [3, 33, 0]
    assert found.y.tolist() == [33, 0, 7]
    assert found.p.tolist() == [True, False, True]
    assert found.t.tolist() == [0, 69_900, (1 << 23) - 101]
    assert (found.height, found.width, len(found)) == (34, 34, 3)


def test_an_event_in_row_240_is_a_turn_of_the_clock(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(nmnist_bytes([(1, 2, 1, 10), (0, 240, 0, 0), (1, 2, 0, 20), (0, 240, 0, 0), (1, 2, 1, 5)]))
    assert read_events(path).t.tolist() == [0, 20 + 8192 - 10, 5 + 2 * 8192 - 10]


def test_events_come_in_the_order_of_time_from_the_first_one_on() -> None:
    found = events_of([1, 2, 3], [0, 0, 0], [50, 20, 30], [1, -1, 0], None, "a")
    assert (found.x.tolist(), found.t.tolist(), found.p.tolist()) == ([2, 3, 1], [0, 10, 30], [False, False, True])
    assert (found.height, found.width) == (1, 4)


def test_an_npz_gives_the_same_events(tmp_path: Path) -> None:
    wanted = some()
    arrays = {"x": wanted.x, "y": wanted.y, "t": wanted.t + 7, "p": wanted.p.astype(np.int8)}
    np.savez(tmp_path / "a.npz", **arrays, height=np.int64(5), width=np.int64(6))
    found = read_events(tmp_path / "a.npz")
    for key in ("x", "y", "t", "p"):
        np.testing.assert_array_equal(getattr(found, key), getattr(wanted, key) - (wanted.t[0] if key == "t" else 0))
    assert (found.height, found.width) == (5, 6)


def test_every_event_is_in_one_frame() -> None:
    events = some()
    for by in ("time", "count"):
        frames = to_frames(events, 7, by=by)  # type: ignore[arg-type]
        assert frames.shape == (7, 2, 5, 6)
        assert int(frames.sum()) == len(events)
    by_hand = np.zeros((7, 2, 5, 6), int)
    for x, y, t, p in zip(events.x, events.y, events.t, events.p, strict=True):
        by_hand[int(t) * 7 // (int(events.t[-1]) + 1), int(p), y, x] += 1
    np.testing.assert_array_equal(to_frames(events, 7), by_hand)
    counts = to_frames(events, 7, by="count").sum((1, 2, 3))
    assert counts.max() - counts.min() <= 1


def test_frames_of_a_given_length_leave_later_events_out() -> None:
    events = some()
    frames = to_frames(events, 4, duration=400)
    assert int(frames.sum()) == int((events.t < 400).sum())
    assert int(frames[1].sum()) == int(((events.t >= 100) & (events.t < 200)).sum())
    assert to_frames(events_of([], [], [], [], (2, 3), "none"), 4).shape == (4, 2, 2, 3)


def test_a_coarser_sensor_keeps_all_events() -> None:
    events = some()
    coarse = shrunk(events, 4)
    assert (coarse.height, coarse.width) == (2, 2)
    frames = to_frames(events, 3)
    wanted = np.pad(frames, ((0, 0), (0, 0), (0, 3), (0, 2))).reshape(3, 2, 2, 4, 2, 4).sum((3, 5))
    np.testing.assert_array_equal(to_frames(coarse, 3), wanted)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda e: to_frames(e, 0), "`frames` must be at least 1, got 0"),
        (lambda e: to_frames(e, 3, by="pixels"), "`by` must be time or count, got 'pixels'"),
        (lambda e: to_frames(e, 3, duration=0), "`duration` must be above 0 microseconds, got 0"),
        (lambda e: shrunk(e, 0), "`factor` must be at least 1, got 0"),
    ],
)
def test_arguments_out_of_range_are_refused(call: object, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        call(some())  # type: ignore[operator]


def test_files_that_cannot_be_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.bin"
    with pytest.raises(MissingFile, match="LP221"):
        read_events(path)
    path.write_bytes(nmnist_bytes([(1, 1, 1, 1)]) + b"\0")
    with pytest.raises(CutShort, match=r"LP202: .*has 6 B, which is no whole number of events of 5 B"):
        read_events(path)
    path.write_bytes(nmnist_bytes([(1, 1, 1, 1), (34, 1, 1, 1)]))
    with pytest.raises(OutOfRange, match=r"LP203: .*event 1 has x = 34, the sensor has 34"):
        read_events(path)
    assert len(read_nmnist(path, (34, 40))) == 2
    with pytest.raises(NotThisFormat, match=r"LP200: .*\n  fix: files end in .aedat4, .bin, .npz"):
        read_events(tmp_path / "a.raw")
    np.savez(tmp_path / "a.npz", x=np.arange(3))
    with pytest.raises(BadName, match=r"LP205: .*no array 'y'"):
        read_events(tmp_path / "a.npz")
    with pytest.raises(OutOfRange, match="a has 1 x, 2 y, 2 t and 2 p"):
        events_of([1], [1, 2], [1, 2], [1, 2], None, "a")
    with pytest.raises(ImpossibleSize, match="a sensor of 9000×1 pixels"):
        events_of([0], [8999], [0], [1], None, "a")
    monkeypatch.setattr(module, "MAX_EVENTS", 2)
    with pytest.raises(ImpossibleSize, match="has 3 events, the limit is 2"):
        events_of([0] * 3, [0] * 3, [0] * 3, [1] * 3, None, "a")


def test_damaged_files_give_events_or_an_error_of_ours(tmp_path: Path) -> None:
    good = nmnist_bytes([(i % 34, i % 30, i % 2, 100 * i) for i in range(60)])
    taken, codes = accepted(read_events, good, tmp_path / "a.bin", 300)
    assert taken > 50
    assert codes == {"LP202", "LP203"}
