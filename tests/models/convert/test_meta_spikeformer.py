"""Meta-SpikeFormer's published names: each weight finds its place, and the network computes what the paper writes."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from lilliput.core.errors import WrongWeights
from lilliput.models import create_model
from lilliput.models.convert import load_state

CHANGES = {
    "widths": "16 24 32 48", "layers": "1 1 2 6 2", "strides": "2 2 2 2 1", "heads": 4, "height": 32, "width": 32,
    "classes": 5, "channels": 3,
}  # fmt: skip
WIDE = (8, 16, 24, 32, 48)
BLOCKS = ("ConvBlock1_1.0", "ConvBlock1_2.0", "ConvBlock2_1.0", "ConvBlock2_2.0")


def published(*, two: bool = False) -> dict[str, Tensor]:
    """A state dict with the published names and shapes; normalisations let many neurons fire."""
    generator, state = torch.Generator().manual_seed(0), dict[str, Tensor]()

    def put(name: str, *shape: int, low: float = -1.0, high: float = 1.0) -> None:
        state[name] = low + (high - low) * torch.rand(shape, generator=generator, dtype=torch.float64)

    def conv(name: str, *shape: int, bias: bool = False) -> None:
        put(f"{name}.weight", *shape)
        if bias:
            put(f"{name}.bias", shape[0])

    def norm(name: str, channels: int) -> None:
        put(f"{name}.weight", channels, low=1.0, high=2.0)
        put(f"{name}.bias", channels, high=1.5)
        put(f"{name}.running_mean", channels)
        put(f"{name}.running_var", channels, low=1.0, high=3.0)
        state[f"{name}.num_batches_tracked"] = torch.tensor(7)

    def block(name: str, c: int) -> None:
        conv(f"{name}.Conv.pwconv1", 2 * c, c, 1, 1)
        norm(f"{name}.Conv.bn1", 2 * c)
        conv(f"{name}.Conv.dwconv", 2 * c, 1, 7, 7)
        conv(f"{name}.Conv.pwconv2", c, 2 * c, 1, 1)
        norm(f"{name}.Conv.bn2", c)
        conv(f"{name}.conv1", 4 * c, c, 3, 3)
        norm(f"{name}.bn1", 4 * c)
        conv(f"{name}.conv2", c, 4 * c, 3, 3)
        norm(f"{name}.bn2", c)

    def attention(name: str, c: int) -> None:
        for part in ("q", "k", "v", "proj"):
            body = f"{name}.attn.{part}_conv.0.body"
            conv(f"{body}.0", c, c, 1, 1)
            norm(f"{body}.1.bn", c)
            conv(f"{body}.2.0", c, 1, 3, 3)
            conv(f"{body}.2.1", c, c, 1, 1)
            norm(f"{body}.2.2", c)
            norm(f"{name}.attn.{part}_conv.1", c)
        conv(f"{name}.mlp.fc1_conv", 4 * c, c, 1, bias=True)
        norm(f"{name}.mlp.fc1_bn", 4 * c)
        conv(f"{name}.mlp.fc2_conv", c, 4 * c, 1, bias=True)
        norm(f"{name}.mlp.fc2_bn", c)

    before = 3
    for down, c in zip(("1_1", "1_2", "2", "3", "4"), WIDE, strict=True):
        conv(f"downsample{down}.encode_conv", c, before, *((7, 7) if down == "1_1" else (3, 3)), bias=True)
        norm(f"downsample{down}.encode_bn", c)
        before = c
    for name, c in zip(BLOCKS, (8, 16, 24, 24), strict=True):
        block(name, c)
    for place in range(6):
        attention(f"block3.{place}", 32)
    for place in range(2):
        attention(f"block4.{place}", 48)
    for head in ("head", "head_kd") if two else ("head",):
        conv(head, 5, 48, bias=True)
    return state


class Written:
    """The network as the paper writes it, by the published names: plain functions, a loop over steps, no folding."""

    def __init__(self, state: dict[str, Tensor], heads: int) -> None:
        self.state, self.heads = state, heads

    def lif(self, x: Tensor, threshold: float = 1.0) -> Tensor:
        v, out = torch.zeros_like(x[0]), []
        for now in x:
            h = v + (now - v) / 2
            out.append((h >= threshold).to(x))
            v = h * (1 - out[-1])
        return torch.stack(out)

    def conv(self, x: Tensor, name: str, **options: int) -> Tensor:
        weight = self.state[f"{name}.weight"]
        weight = weight.unsqueeze(-1) if weight.ndim == 3 else weight
        y = F.conv2d(x.flatten(0, 1), weight, self.state.get(f"{name}.bias"), **options)
        return y.unflatten(0, x.shape[:2])

    def norm(self, x: Tensor, name: str) -> Tensor:
        w, b, m, v = (self.state[f"{name}.{key}"] for key in ("weight", "bias", "running_mean", "running_var"))
        return (x - m[:, None, None]) * (w / torch.sqrt(v + 1e-5))[:, None, None] + b[:, None, None]

    def rep(self, x: Tensor, name: str) -> Tensor:
        y = self.norm(self.conv(x, f"{name}.0.body.0"), f"{name}.0.body.1.bn")
        rim = self.norm(torch.zeros(1, 1, y.shape[2], 1, 1, dtype=y.dtype), f"{name}.0.body.1.bn")
        wide = rim.expand(*y.shape[:3], y.shape[3] + 2, y.shape[4] + 2).clone()
        wide[..., 1:-1, 1:-1] = y
        y = self.conv(self.conv(wide, f"{name}.0.body.2.0", groups=y.shape[2]), f"{name}.0.body.2.1")
        return self.norm(self.norm(y, f"{name}.0.body.2.2"), f"{name}.1")

    def block(self, x: Tensor, name: str) -> Tensor:
        c = x.shape[2]
        y = self.lif(self.norm(self.conv(self.lif(x), f"{name}.Conv.pwconv1"), f"{name}.Conv.bn1"))
        y = self.conv(self.conv(y, f"{name}.Conv.dwconv", padding=3, groups=2 * c), f"{name}.Conv.pwconv2")
        x = x + self.norm(y, f"{name}.Conv.bn2")
        y = self.lif(self.norm(self.conv(self.lif(x), f"{name}.conv1", padding=1), f"{name}.bn1"))
        return x + self.norm(self.conv(y, f"{name}.conv2", padding=1), f"{name}.bn2")

    def attention(self, x: Tensor, name: str) -> Tensor:
        s = self.lif(x)
        q, k, v = (self.lif(self.rep(s, f"{name}.attn.{part}_conv")) for part in "qkv")
        # (T, B, heads, N, d)
        q, k, v = (t.flatten(3).unflatten(2, (self.heads, -1)).transpose(-1, -2) for t in (q, k, v))
        y = (q @ (k.transpose(-1, -2) @ v)) * 0.125
        met = self.lif(y.transpose(-1, -2).flatten(2, 3).reshape(x.shape), 0.5)
        x = x + self.rep(met, f"{name}.attn.proj_conv")
        y = self.lif(self.norm(self.conv(self.lif(x), f"{name}.mlp.fc1_conv"), f"{name}.mlp.fc1_bn"))
        return x + self.norm(self.conv(y, f"{name}.mlp.fc2_conv"), f"{name}.mlp.fc2_bn")

    def down(self, x: Tensor, name: str, stride: int) -> Tensor:
        first = name.endswith("1_1")
        y = self.conv(x if first else self.lif(x), f"{name}.encode_conv", stride=stride, padding=3 if first else 1)
        return self.norm(y, f"{name}.encode_bn")

    def __call__(self, x: Tensor, steps: int) -> Tensor:
        x = self.block(self.down(x.expand(steps, *x.shape), "downsample1_1", 2), BLOCKS[0])
        x = self.block(self.down(x, "downsample1_2", 2), BLOCKS[1])
        x = self.block(self.block(self.down(x, "downsample2", 2), BLOCKS[2]), BLOCKS[3])
        x = self.down(x, "downsample3", 2)
        for place in range(6):
            x = self.attention(x, f"block3.{place}")
        x = self.down(x, "downsample4", 1)
        for place in range(2):
            x = self.attention(x, f"block4.{place}")
        spikes = self.lif(x.mean((3, 4)))
        assert 0 < spikes.mean() < 1
        said = [spikes @ self.state[f"{h}.weight"].T + self.state[f"{h}.bias"] for h in ("head", "head_kd")
                if f"{h}.weight" in self.state]  # fmt: skip
        return torch.stack(said).mean((0, 1))


@pytest.mark.parametrize(("steps", "two"), [(1, False), (3, False), (2, True)])
def test_it_computes_what_the_paper_writes(steps: int, two: bool) -> None:
    state = published(two=two)
    model = create_model("meta_spikeformer_15m", **CHANGES, steps=steps, distillation=two).double()  # type: ignore[arg-type]
    load_state(model, state)
    x = torch.randn(2, 3, 32, 32, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(model(x), Written(state, heads=4)(x, steps), atol=1e-9, rtol=1e-9)


def test_each_weight_finds_its_place() -> None:
    state = published()
    own = load_state(create_model("meta_spikeformer_15m", **CHANGES), state).model.state_dict()  # type: ignore[arg-type]
    assert len(own) == len(state)
    for ours, theirs in (
        ("downsamples.3.synapses.norm.running_var", "downsample3.encode_bn.running_var"),
        ("blocks.2.2.branch.narrow.depthwise.weight", "ConvBlock2_2.0.Conv.dwconv.weight"),
        ("blocks.1.1.branch.narrow.conv.weight", "ConvBlock1_2.0.conv2.weight"),
        ("blocks.3.10.branch.v.outer_norm.bias", "block3.5.attn.v_conv.0.body.2.2.bias"),
        ("blocks.4.3.branch.widen.norm.weight", "block4.1.mlp.fc1_bn.weight"),
        ("classifier.weight", "head.weight"),
    ):
        assert torch.equal(own[ours], state[theirs].float()), ours


def test_a_second_head_is_left_out_or_starts_anew() -> None:
    plain = load_state(create_model("meta_spikeformer_15m", **CHANGES), published(two=True))  # type: ignore[arg-type]
    assert plain.fresh == ()
    taught = load_state(create_model("meta_spikeformer_15m", **CHANGES, distillation=True), published())  # type: ignore[arg-type]
    assert taught.fresh == ("classifier.teacher.weight", "classifier.teacher.bias")
    own = taught.model.state_dict()
    assert torch.equal(own["classifier.main.weight"], published()["head.weight"].float())


def test_other_networks_are_refused() -> None:
    with pytest.raises(WrongWeights, match=r"blocks\.3\.\d+\..* is missing"):
        load_state(create_model("meta_spikeformer_15m", **{**CHANGES, "layers": "1 1 2 7 2"}), published())  # type: ignore[arg-type]
    with pytest.raises(
        WrongWeights, match="published checkpoints are unfolded and of sdsa3, not folded=False and sdsa1"
    ):
        load_state(create_model("meta_spikeformer_15m", **CHANGES, attention="sdsa1"), published())  # type: ignore[arg-type]
