"""The tensors of a published checkpoint: a PyTorch file or safetensors. Nothing in either can run code.

A PyTorch file is read by torch's restricted reader, which knows tensors, numbers, strings and containers of them and
refuses everything else; what training scripts wrap around the weights is taken off.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from lilliput.core.errors import BadName, BadValue, NotThisFormat
from lilliput.core.files.reading import DEFAULT_LIMIT, read_bytes
from lilliput.core.files.tensors import read_tensors

_WRAPPERS = ("state_dict_ema", "model_ema", "ema_state_dict", "state_dict", "model", "net", "module")
"""Where training scripts put the weights; averaged ones first, as they are those that were published."""
_PREFIXES = ("module.", "model.", "_orig_mod.")


def read_checkpoint(path: Path, *, limit: int = DEFAULT_LIMIT) -> dict[str, Tensor]:
    """Name → tensor on the CPU, names without the prefixes that wrappers of networks add.

    Args:
        path: `.safetensors`, or any file that `torch.save` wrote.
        limit: largest size of the file, bytes.

    Raises:
        MissingFile: LP221. ImpossibleSize: LP204. NotThisFormat: LP200, neither format, damaged, or it holds objects
            that are not weights, which are not loaded. BadName: LP205, no named tensors in it. BadValue: LP207, a
            weight that is not finite. CutShort and others of `read_tensors`: safetensors that is damaged.
    """
    if path.suffix == ".safetensors":
        return _named({key: torch.from_numpy(value) for key, value in read_tensors(path, limit=limit).items()}, path)
    found = _unwrapped(_read_torch(path, limit), path)
    for key, value in found.items():
        if not torch.isfinite(value).all():
            raise BadValue(f"{path}: {key} holds a value that is not finite")
    return _named(found, path)


def _read_torch(path: Path, limit: int) -> object:
    data = read_bytes(path, limit=limit)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of old formats, which are read all the same
            return torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    except Exception as error:  # the reader raises whatever a damaged file leads it to
        raise NotThisFormat(
            f"{path} cannot be read as a checkpoint",
            why=str(error).split("\n")[0] or type(error).__name__,
            fix="a file that torch.save wrote of a state dict, or .safetensors; objects other than weights are "
            "not loaded, since they could run code",
        ) from None


def _unwrapped(content: object, path: Path) -> dict[str, Tensor]:
    for _ in range(3):
        if not isinstance(content, Mapping):
            break
        tensors = {key: value for key, value in content.items() if isinstance(value, Tensor)}
        inner = next((content[key] for key in _WRAPPERS if isinstance(content.get(key), Mapping)), None)
        if inner is None or len(tensors) > 1:
            if tensors and all(isinstance(key, str) for key in tensors):
                return {key: value.detach() for key, value in tensors.items()}
            break
        content = inner
    raise BadName(
        f"{path} holds no named weights",
        why=f"looked for a dictionary of tensors, also under {', '.join(_WRAPPERS)}",
    )


def _named(state: dict[str, Tensor], path: Path) -> dict[str, Tensor]:
    if not state:
        raise BadName(f"{path} holds no named weights")
    for _ in _PREFIXES:
        for prefix in _PREFIXES:
            if all(key.startswith(prefix) for key in state):
                state = {key.removeprefix(prefix): value for key, value in state.items()}
    return state
