"""Bad ONNX files: each kind of damage has its code, names its place, and nothing outside the folder is ever read."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lilliput.compiler.frontends import load_network
from lilliput.compiler.frontends.onnx import load_onnx, read_onnx, wire
from lilliput.compiler.frontends.onnx.model import FIRST_OPSET, LAST_OPSET
from lilliput.compiler.frontends.onnx.wire import MAX_DEPTH, MAX_NAME_BYTES, check_wire
from lilliput.core.errors import LilliputError, MissingExtra, OutsideFolder
from tests.compiler.frontends.onnx.models import compare, helper, items, model, one, onnx
from tests.compiler.frontends.onnx.networks import IMAGE, convolutional

WEIGHT = np.random.default_rng(0).standard_normal((5, 3)).astype(np.float32)


def dense() -> bytes:
    return one("Gemm", (1, 5), WEIGHT)


def changed(change: Callable[[Any], object], data: bytes | None = None) -> bytes:
    """A file with a change to its parsed message."""
    proto = onnx.ModelProto.FromString(data or dense())
    change(proto)
    return bytes(proto.SerializeToString())


def refused(data: bytes, folder: Path | None = None) -> LilliputError:
    with pytest.raises(LilliputError) as caught:
        read_onnx(data, "bad", folder)
    assert caught.value.code[:3] in ("LP2", "LP3")
    return caught.value


def axes(proto: Any) -> Any:
    return proto.graph.input[0].type.tensor_type.shape.dim


def attribute(proto: Any, **attrs: Any) -> None:
    proto.graph.node[0].attribute.extend(helper.make_attribute(key, value) for key, value in attrs.items())


CATALOGUE: dict[str, tuple[Callable[[], bytes], str, str]] = {
    "empty": (lambda: b"", "LP200", "0 bytes"),
    "text": (lambda: b"this is a letter, not a network", "LP20", "bad"),
    "a field number of 0": (lambda: b"\x00\x01", "LP200", "number 0"),
    "groups": (lambda: b"\x0b\x0c", "LP200", "wire type 3"),
    "an endless number": (lambda: b"\x08" + b"\xff" * 12, "LP200", "longer than 64 bits"),
    "a length of 2^62": (lambda: b"\x3a" + b"\x80" * 8 + b"\x40", "LP202", "are left"),
    "cut in half": (lambda: dense()[: len(dense()) // 2], "LP202", "are left"),
    "no graph": (lambda: changed(lambda p: p.ClearField("graph")), "LP200", "no graph"),
    "no version": (lambda: changed(lambda p: p.ClearField("ir_version")), "LP200", "no format version"),
    "a future format": (lambda: changed(lambda p: setattr(p, "ir_version", 99)), "LP201", "format version 99"),
    "a future opset": (lambda: changed(lambda p: setattr(p.opset_import[0], "version", 99)), "LP201", "opset 99"),
    "an old opset": (lambda: changed(lambda p: setattr(p.opset_import[0], "version", 6)), "LP302", "version_converter"),
    "no nodes or outputs": (lambda: changed(lambda p: p.graph.ClearField("output")), "LP310", "0 outputs"),
    "an output of nothing": (lambda: changed(lambda p: setattr(p.graph.output[0], "name", "?")), "LP310", "'?'"),
    "an input of nothing": (
        lambda: changed(lambda p: p.graph.node[0].input.__setitem__(0, "ghost")), "LP310", "'ghost', which nothing"),
    "a circle": (lambda: changed(lambda p: p.graph.node[0].input.__setitem__(0, "y0")), "LP310", "'y0', which nothing"),
    "two producers": (lambda: changed(lambda p: p.graph.node.add().CopyFrom(p.graph.node[0])), "LP205", "exists"),
    "an input twice": (lambda: changed(lambda p: p.graph.input.add().CopyFrom(p.graph.input[0])), "LP205", "twice"),
    "a tensor twice": (
        lambda: changed(lambda p: p.graph.initializer.add().CopyFrom(p.graph.initializer[0])), "LP205", "twice"),
    "a tensor without a name": (lambda: changed(lambda p: setattr(p.graph.initializer[0], "name", "")), "LP205", "''"),
    "an unknown operator": (
        lambda: changed(lambda p: setattr(p.graph.node[0], "op_type", "Gem")), "LP301", "Gem at"),
    "an unknown domain": (
        lambda: changed(lambda p: setattr(p.graph.node[0], "domain", "my.own")), "LP310", "domain 'my.own'"),
    "an attribute that it does not have": (lambda: changed(lambda p: attribute(p, colour=1)), "LP310", "'colour'"),
    "an attribute of another type": (lambda: changed(lambda p: attribute(p, alpha=1)), "LP310", "'alpha'"),
    "an attribute that is not a number": (
        lambda: changed(lambda p: attribute(p, alpha=float("nan"))), "LP310", "not a number"),
    "an attribute twice": (
        lambda: changed(lambda p: attribute(p, transB=0) or attribute(p, transB=0)), "LP205", "one name"),
    "too few inputs": (lambda: changed(lambda p: p.graph.node[0].input.pop()), "LP310", "1 inputs"),
    "a graph in an attribute": (
        lambda: changed(lambda p: attribute(p, alpha=p.graph)), "LP301", "control flow"),
    "too little data": (
        lambda: changed(lambda p: setattr(p.graph.initializer[0], "raw_data", b"\0" * 8)), "LP202", "8 bytes"),
    "a negative axis": (lambda: changed(lambda p: p.graph.initializer[0].dims.__setitem__(0, -5)), "LP204", "-5"),
    "an axis of 2^62": (
        lambda: changed(lambda p: p.graph.initializer[0].dims.__setitem__(0, 1 << 62)), "LP204", "limit"),
    "nine axes": (lambda: changed(lambda p: p.graph.initializer[0].dims.extend([1] * 7)), "LP204", "9 axes"),
    "an unknown type": (
        lambda: changed(lambda p: setattr(p.graph.initializer[0], "data_type", 77)), "LP302", "number 77"),
    "text as weights": (lambda: changed(lambda p: setattr(p.graph.initializer[0], "data_type", 8)), "LP302", "string"),
    "not a number": (lambda: one("Gemm", (1, 5), np.full((5, 3), np.nan, np.float32)), "LP207", "NaN or infinity"),
    "infinite weights": (lambda: one("Gemm", (1, 5), np.full((5, 3), np.inf, np.float32)), "LP207", "NaN or infinity"),
    "strides of 0": (
        lambda: one("MaxPool", (1, 1, 4, 4), kernel_shape=[2, 2], strides=[0, 1]), "LP310", "strides [0, 1]"),
    "a pad of 2^62": (
        lambda: one("Pad", (1, 1, 4, 4), np.array([0, 0, 0, 1 << 62, 0, 0, 0, 0])), "LP204", "limit"),
    "a huge constant": (
        lambda: model([helper.make_node("ConstantOfShape", ["s"], ["c"]), helper.make_node("Add", ["x", "c"], ["y"])],
                      {"x": (1, 5)}, {"y": None}, {"s": np.array([1 << 20, 1 << 20])}), "LP204", "the most is"),
    "a stretched constant": (
        lambda: model([helper.make_node("Mul", ["a", "b"], ["c"]), helper.make_node("Add", ["x", "c"], ["y"])],
                      {"x": (1, 5)}, {"y": None},
                      {"a": np.ones((9000, 1), np.float32), "b": np.ones((1, 9000), np.float32)}), "LP204", "the most"),
    "a declared shape that is wrong": (
        lambda: model([helper.make_node("Relu", ["x"], ["y"])], {"x": (1, 5)}, {"y": (1, 6)}), "LP310", "[1, 6]"),
    "an axis without a size": (
        lambda: model([helper.make_node("Relu", ["x"], ["y"])], {"x": ("n", 5, "width", 4)}, {"y": None}),
        "LP311", "axis 2 (width)"),
    "no shape": (
        lambda: changed(lambda p: p.graph.input[0].type.tensor_type.ClearField("shape")), "LP311", "no shape"),
    "a batch of 4": (
        lambda: model([helper.make_node("Relu", ["x"], ["y"])], {"x": (4, 5)}, {"y": None}), "LP311", "batch of one"),
    "input of text": (
        lambda: changed(lambda p: setattr(p.graph.input[0].type.tensor_type, "elem_type", 8)), "LP302", "string"),
    "input of whole numbers": (
        lambda: changed(lambda p: setattr(p.graph.input[0].type.tensor_type, "elem_type", 7)), "LP302", "int64"),
    "a constant output": (
        lambda: changed(lambda p: setattr(p.graph.output[0], "name", "c0")), "LP302", "is a constant"),
    "too many nodes": (
        lambda: changed(lambda p: p.graph.node.extend([p.graph.node[0]] * 2000)), "LP204", "2001 nodes"),
    "a name that is not UTF-8": (lambda: dense().replace(b"node", b"\xff\xfe\xff\xfe"), "LP205", "not UTF-8"),
    "a name of 10 kB": (
        lambda: changed(lambda p: setattr(p.graph.node[0], "name", "n" * 10_000)), "LP205", "10000 bytes"),
}  # fmt: skip


@pytest.mark.parametrize("kind", CATALOGUE)
def test_damage_is_named(kind: str) -> None:
    make, code, words = CATALOGUE[kind]
    error = refused(make())
    assert error.code.startswith(code), str(error)
    assert words in str(error)


def test_every_cut_is_refused() -> None:
    data = changed(lambda p: p.opset_import.pop())  # what is last is needed
    for end in range(len(data)):
        assert refused(data[:end]).code[:3] in ("LP2", "LP3")


def test_nesting_has_an_end() -> None:
    inner = b""
    for _ in range(2 * MAX_DEPTH):  # attribute g → graph node → attribute …
        node = b"\x2a" + _length(b"\x32" + _length(inner))
        inner = b"\x0a" + _length(node)
    assert refused(b"\x3a" + _length(inner)).code == "LP206"


def _length(content: bytes) -> bytes:
    size, out = len(content), b""
    while size > 0x7F:
        out, size = out + bytes([size & 0x7F | 0x80]), size >> 7
    return out + bytes([size]) + content


def test_many_small_fields_are_refused_before_they_are_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "MAX_FIELDS", 1000)
    nodes = b"\x0a\x00" * 1000
    with pytest.raises(LilliputError, match="fields") as caught:
        check_wire(b"\x3a" + _length(nodes), onnx.ModelProto.DESCRIPTOR, "bomb")
    assert caught.value.code == "LP204"


def test_long_texts_are_fine_and_long_names_are_not() -> None:
    def document(proto: Any) -> None:
        proto.doc_string = "d" * 100_000
        proto.graph.node[0].name = "n" * MAX_NAME_BYTES

    assert read_onnx(changed(document))[1] == "float"


# --- other files


def external(folder: Path, location: str = "weights.bin", **entries: str) -> bytes:
    """A file whose weight lies in another, after eight other bytes."""
    (folder / "weights.bin").write_bytes(b"8 bytes." + WEIGHT.tobytes())

    def move(proto: Any) -> None:
        tensor = proto.graph.initializer[0]
        tensor.ClearField("raw_data")
        tensor.data_location = 1
        stated = {"location": location, "offset": "8", "length": str(WEIGHT.nbytes)} | entries
        for key, value in stated.items():
            tensor.external_data.add(key=key, value=value)

    return changed(move)


def test_weights_in_a_file_beside_the_model_are_read(tmp_path: Path) -> None:
    (tmp_path / "net.onnx").write_bytes(external(tmp_path))
    graph, _ = load_onnx(tmp_path / "net.onnx")
    np.testing.assert_array_equal(graph.values[graph.nodes[0].inputs[1]].data, WEIGHT.T)


@pytest.mark.parametrize(
    "location",
    ["../weights.bin", "/etc/passwd", "a/../../weights.bin", "..", "", "c:\\weights.bin", "a\\..\\b", "link"],
)
def test_nothing_outside_the_folder_is_read(tmp_path: Path, location: str) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    (tmp_path / "secret.bin").write_bytes(bytes(100))
    (folder / "link").symlink_to(tmp_path / "secret.bin")
    error = refused(external(folder, location), folder)
    assert isinstance(error, OutsideFolder)
    assert repr(location) in error.what


@pytest.mark.parametrize(
    ("entries", "code", "words"),
    [
        ({"offset": "9"}, "LP203", "which has 68 bytes"),
        ({"offset": "-8"}, "LP203", "'-8'"),
        ({"offset": "9" * 30}, "LP203", "999"),
        ({"length": "4"}, "LP202", "4 bytes in another file"),
        ({"location": "gone.bin"}, "LP221", "gone.bin"),
        ({"location": "."}, "LP2", "."),
    ],
)
def test_parts_of_other_files_must_lie_in_them(tmp_path: Path, entries: dict[str, str], code: str, words: str) -> None:
    location = entries.pop("location", "weights.bin")
    error = refused(external(tmp_path, location, **entries), tmp_path)
    assert error.code.startswith(code)
    assert words in str(error)


def test_bytes_without_a_place_may_not_refer_to_files(tmp_path: Path) -> None:
    assert refused(external(tmp_path)).code == "LP221"


# --- what is read


def test_a_file_is_read_by_its_suffix(tmp_path: Path) -> None:
    (tmp_path / "net.onnx").write_bytes(dense())
    graph, stage = load_network(tmp_path / "net.onnx")
    assert (graph.name, stage) == ("net", "float")


def test_without_the_package_the_message_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(MissingExtra) as caught:
        read_onnx(b"anything")
    assert "pip install 'lilliput[onnx]'" in str(caught.value)


def test_importing_the_reader_does_not_import_the_package() -> None:
    script = "import sys, lilliput.compiler.frontends.onnx; print('onnx' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


@pytest.mark.parametrize("opset", range(FIRST_OPSET, LAST_OPSET + 1))
def test_each_opset_is_read(opset: int) -> None:
    data = one("Conv", (1, 3, 5, 5), np.ones((2, 3, 3, 3), np.float32), opset=opset)
    compare(data, items((1, 3, 5, 5)))


@pytest.mark.parametrize("opset", [12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23])
def test_a_network_means_the_same_in_each_opset(opset: int) -> None:
    """ONNX's own converter rewrites attributes to inputs and back."""
    start = convolutional(11, 1)
    proto = onnx.version_converter.convert_version(onnx.ModelProto.FromString(start), opset)
    assert {entry.domain: entry.version for entry in proto.opset_import}[""] == opset
    compare(bytes(proto.SerializeToString()), items(IMAGE, rows=2))


@pytest.mark.parametrize("batch", [1, "batch", "N"])
def test_a_batch_without_a_size_is_one(batch: int | str) -> None:
    graph = compare(convolutional(batch=batch), items(IMAGE, rows=3))
    assert graph.values["x"].shape == (1, 12, 10, 3)


def test_typed_fields_hold_tensors_too() -> None:
    def typed(proto: Any) -> None:
        tensor = proto.graph.initializer[0]
        tensor.ClearField("raw_data")
        tensor.float_data.extend(WEIGHT.reshape(-1).tolist())

    graph, _ = read_onnx(changed(typed))
    np.testing.assert_array_equal(graph.values[graph.nodes[0].inputs[1]].data, WEIGHT.T)


def test_messages_name_the_node() -> None:
    error = refused(one("Conv", (1, 4, 5, 5), np.ones((2, 3, 3, 3), np.float32)))
    assert 'Conv at "node": 1 groups of weights [2, 3, 3, 3] for 4 channels' in error.what


def test_mutants_give_a_graph_or_one_of_our_errors() -> None:
    """In a process of its own, with limits on memory and time. `--count 20000` is the long run."""
    command = [sys.executable, "-m", "tests.compiler.frontends.onnx.fuzz", "--count", "3000", "--seed", "0"]
    root = Path(__file__).resolve().parents[4]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=root, timeout=240)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    told = json.loads(done.stdout)
    assert sum(told["outcomes"].values()) == 3000
    assert told["outcomes"]["float"] > 300
    assert sum(count for code, count in told["outcomes"].items() if code.startswith("LP")) > 1000
