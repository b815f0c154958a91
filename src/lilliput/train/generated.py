r"""What generated pictures are worth, by the features of a network that is named with the figure.

    judge = PictureFeatures(classifier, "digits-resnet8")
    real, made = judge(train)[0], judge(x)[0]
    frechet_distance(moments(real), moments(made))

The Fréchet distance of two normal distributions, ‖m₁ - m₂‖² + tr(C₁ + C₂ - 2 (C₁ C₂)^½), is called "FID" only where
the features are Inception's. It falls with the number of pictures, so that figures of different numbers do not compare;
real pictures that were held out, as many, give its floor.

Axes: N pictures, D features, K classes.

Source: FID (arXiv:1706.08500); inception score (arXiv:1606.03498).
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from lilliput.core.errors import BadSetting, MissingFile
from lilliput.core.events import Emit, silent
from lilliput.models import create_model_for
from lilliput.models.backbone import Backbone
from lilliput.train.data import TrainData
from lilliput.train.engine import device_of
from lilliput.train.loop import fit
from lilliput.train.metrics import Measure
from lilliput.train.settings import TrainSettings

_BATCH = 256
_DRAWS = 100
_SIGMAS = 1.96  # of an interval of 95 %
_DIGITS = 12
_INCEPTION_SIDE = 299
_CHECKPOINTS = (".pth", ".pt", ".safetensors")
Numbers = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class PictureFeatures:
    """A classifier whose pooled features are compared.

    Args:
        network: the classifier; it is put in evaluation mode.
        name: for people; `digest` tells the weights.
        prepare: from pictures in [-1, 1] to what the network takes; none: as they are.
    """

    network: Backbone
    name: str
    prepare: Callable[[Tensor], Tensor] | None = None

    @torch.no_grad()
    def __call__(self, x: Tensor) -> tuple[Numbers, Numbers]:
        """Features and shares of classes: (N, C, H, W) in [-1, 1] -> (N, D), (N, K)."""
        self.network.eval()
        device = next(self.network.parameters()).device
        features, shares = [], []
        for part in torch.split(x, _BATCH):
            given = part.to(device)
            given = given if self.prepare is None else self.prepare(given)
            pooled = self.network.pool(self.network.forward_features(given))
            features.append(pooled.double().cpu())
            shares.append(torch.softmax(self.network.get_classifier()(pooled), 1).double().cpu())
        return torch.cat(features).numpy(), torch.cat(shares).numpy()

    def digest(self) -> str:
        """The first digits of the SHA-256 of its weights, so that two figures are known to be of one judge."""
        found = hashlib.sha256()
        for key, value in sorted(self.network.state_dict().items()):
            found.update(key.encode())
            found.update(value.detach().cpu().contiguous().numpy().tobytes())
        return found.hexdigest()[:_DIGITS]


@dataclass(frozen=True, eq=False)
class Moments:
    """Mean (D,) and covariance (D, D) of features, and of how many pictures."""

    mean: Numbers
    covariance: Numbers
    n: int


def moments(features: Numbers) -> Moments:
    """Of rows of features.

    Raises:
        ValueError: no more pictures than features: the covariance would lack some directions.
    """
    n, size = features.shape
    if n <= size:
        raise ValueError(f"{n} pictures are too few for {size} features: more than {size} are needed")
    return Moments(features.mean(0), np.cov(features, rowvar=False).reshape(size, size), n)


def frechet_distance(first: Moments, second: Moments) -> float:
    """The distance of the file's head; 0 for equal moments."""
    # (C₁ C₂)^½ has the trace of (C₁^½ C₂ C₁^½)^½, which is symmetric, so that nothing imaginary comes up.
    half = _root(first.covariance)
    middle = half @ second.covariance @ half
    shared = np.sqrt(np.clip(np.linalg.eigvalsh((middle + middle.T) / 2), 0, None)).sum()
    apart = float(np.square(first.mean - second.mean).sum())
    return max(apart + float(np.trace(first.covariance) + np.trace(second.covariance) - 2 * shared), 0.0)


def _root(symmetric: Numbers) -> Numbers:
    values, vectors = np.linalg.eigh(symmetric)
    found: Numbers = (vectors * np.sqrt(np.clip(values, 0, None))) @ vectors.T
    return found


def frechet_measure(reference: Moments, features: Numbers, *, draws: int = _DRAWS, seed: int = 0) -> Measure:
    """The distance of generated pictures, with an interval from bootstrap draws of them.

    Draws repeat pictures, so that their distances are larger; the interval has their spread about the distance itself.
    """
    value = frechet_distance(reference, moments(features))
    half = _SIGMAS * float(np.std([frechet_distance(reference, some) for (some,) in _drawn(draws, seed, features)]))
    return Measure("fréchet distance", value, value - half, value + half, len(features), higher_is_better=False)


def frechet_difference(
    reference: Moments, first: Numbers, second: Numbers, *, draws: int = _DRAWS, seed: int = 0
) -> Measure:
    """Distance of the first less that of the second, pictures drawn in pairs: those of one place began alike.

    An interval that holds 0 says that there is no difference to be seen.

    Raises:
        ValueError: another number of pictures.
    """
    if first.shape != second.shape:
        raise ValueError(f"pairs are needed, got {len(first)} and {len(second)} pictures")
    value = frechet_distance(reference, moments(first)) - frechet_distance(reference, moments(second))
    gaps = [
        frechet_distance(reference, a) - frechet_distance(reference, b) for a, b in _drawn(draws, seed, first, second)
    ]
    half = _SIGMAS * float(np.std(gaps))
    return Measure("difference", value, value - half, value + half, len(first), higher_is_better=False)


def _drawn(draws: int, seed: int, *rows: Numbers) -> Iterator[tuple[Moments, ...]]:
    """Moments of the same places, drawn with repetition."""
    rng, n = np.random.default_rng(seed), len(rows[0])
    for _ in range(draws):
        places = rng.integers(n, size=n)
        yield tuple(moments(some[places]) for some in rows)


def inception_score(shares: Numbers) -> float:
    """e to the mean divergence of a picture's shares of classes from the mean shares: from 1 to K.

    Args:
        shares: (N, K), rows that add up to 1.
    """
    mean = shares.mean(0, keepdims=True)
    logs = np.log(np.clip(shares, 1e-300, None)) - np.log(np.clip(mean, 1e-300, None))
    return math.exp(float((shares * logs).sum(1).mean()))


def confident(shares: Numbers, level: float = 0.9) -> float:
    """Share of pictures whose likeliest class is above `level`."""
    return float((shares.max(1) > level).mean())


def copying(made: Tensor, learnt: Tensor, held: Tensor) -> float:
    """Median distance to the nearest picture that was learnt from, through that to the nearest one held out.

    Near 1; far below where pictures were learnt by heart. As many of both are looked at.

    Args:
        made: generated pictures, (N, C, H, W).
        learnt: pictures of the training.
        held: pictures that it never saw.
    """
    count = min(len(learnt), len(held))
    order = torch.from_numpy(np.random.default_rng(0).permutation(len(learnt))[:count])
    near = [
        torch.cdist(made.flatten(1), some.flatten(1)).min(1).values.median() for some in (learnt[order], held[:count])
    ]
    return float(near[0] / near[1].clamp_min(1e-12))


def sheet(x: Tensor, columns: int) -> NDArray[np.uint8]:
    """Pictures side by side, with a line of one pixel between: (N, C, H, W) in [-1, 1] -> (H', W') or (H', W', 3)."""
    rows = -(-len(x) // columns)
    count, channels, height, width = x.shape
    whole = torch.ones(rows * columns, channels, height + 1, width + 1)
    whole[:count, :, :height, :width] = x
    grid = whole.reshape(rows, columns, channels, height + 1, width + 1).permute(0, 3, 1, 4, 2)
    flat = grid.reshape(rows * (height + 1), columns * (width + 1), channels)
    bytes_ = ((flat.clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8).numpy()
    return bytes_[:, :, 0] if channels == 1 else bytes_


def trained_features(
    network: str, data: TrainData, classes: int, settings: TrainSettings, name: str, *, emit: Emit = silent
) -> PictureFeatures:
    """A judge of our own: a classifier that learns the classes of the same real pictures.

    Args:
        network: registered name of a `Backbone`; few features suit few pictures.
        data: pictures in [-1, 1] with their classes.
        classes: how many.
        settings: of the training; its seed draws the weights too.
        name: that is given with each figure.
        emit: receives progress.
    """
    x, _ = data.train.batch(np.zeros(1, np.intp), 0)
    with torch.random.fork_rng(devices=()):
        torch.manual_seed(settings.seed)
        made = create_model_for(network, tuple(x.shape[1:]), classes)
    if not isinstance(made, Backbone):
        raise BadSetting(f"{network} cannot judge pictures", why="it has no pooled features")
    fit(made, data, settings, emit=emit)
    return PictureFeatures(made.to(device_of(settings.device)), name)


def inception_features(path: Path) -> PictureFeatures:
    """The standard judge: Inception V3 with the weights of the FID, 2048 features of pictures brought to 299×299.

    Args:
        path: the ported weights (`pt_inception-2015-12-05-6726825d.pth`), or a folder with that one checkpoint.

    Raises:
        MissingFile: LP221, there is none in the folder, or several. FileError: LP2xx, as `read_checkpoint`.
        WrongWeights: LP208, a checkpoint of another network.
    """
    from lilliput.models.convert import load_checkpoint

    if path.is_dir():
        found = sorted(p for ending in _CHECKPOINTS for p in path.glob(f"*{ending}"))
        if len(found) != 1:
            raise MissingFile(f"{path} has {len(found)} checkpoints", fix="name the file with the weights of Inception")
        (path,) = found
    network = load_checkpoint("inception_v3_fid", path).model
    assert isinstance(network, Backbone)
    return PictureFeatures(network.to(device_of("auto")), "Inception (FID)", _for_inception)


def _for_inception(x: Tensor) -> Tensor:
    """Pictures as they would be read from a file, in colour, at the size of the network; still in [-1, 1]."""
    x = ((x.clamp(-1, 1) + 1) * 127.5).round() / 127.5 - 1
    x = x.expand(-1, 3, -1, -1) if x.shape[1] == 1 else x
    return functional.interpolate(x, (_INCEPTION_SIDE, _INCEPTION_SIDE), mode="bilinear", align_corners=False)
