import contextlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lilliput.core.budget import Budget
from lilliput.core.errors import BadSetting, BadUnit, MissingFile
from lilliput.core.settings import json_schema, load_settings, parse_override, resolved


@dataclass(frozen=True)
class Train:
    epochs: int = 30
    lr: float = 1e-3
    ema: bool = False
    schedule: Literal["cosine", "step"] = "cosine"
    milestones: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if self.epochs < 1:
            raise ValueError(f"`epochs` must be at least 1, got {self.epochs}")


@dataclass(frozen=True)
class Settings:
    task: str = "spoken-digits"
    out: Path | None = None
    train: Train = field(default_factory=Train)
    budget: Budget | None = None


def load(*overrides, **options):
    return load_settings(Settings, overrides=overrides, **options)


def test_defaults_file_and_overrides_win_in_that_order(tmp_path):
    path = tmp_path / "s.toml"
    path.write_text('task = "digits"\n[train]\nepochs = 5\nlr = 1e-2\n[budget]\nflash = "256KiB"\n')
    settings = load("train.lr=3e-4", file=path, base={"train": {"epochs": 7, "ema": True}})
    assert settings.task == "digits"
    assert settings.train == Train(epochs=5, lr=3e-4, ema=True)
    assert settings.budget == Budget(flash_bytes=262_144)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a=1e-3", 1e-3), ("a=3", 3), ("a=true", True), ("a=[1, 2]", [1, 2]), ('a="3"', "3"), ("a=cosine", "cosine"),
        ("a=.5", 0.5), ("a=5.", 5.0), ("a=12:30:00", "12:30:00"), ("a=2020-01-01", "2020-01-01"), ("a=", ""),
        ("a=1\nb=2", "1\nb=2"), ("a=x=y", "x=y"), ("a=no", "no"), ("a=1 # c", 1),
    ],
)  # fmt: skip
def test_toml_tells_the_type_of_an_override(text, value):
    path, found = parse_override(text)
    assert path == ("a",)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize("text", ["epochs", "=3", "a..b=1", ".a=1"])
def test_an_override_without_key_and_value_is_refused(text):
    with pytest.raises(BadSetting, match="is not key=value"):
        parse_override(text)


def test_an_unknown_key_is_suggested_with_its_section():
    with pytest.raises(BadSetting) as caught:
        load("train.epoch=3")
    assert caught.value.what == "there is no setting 'train.epoch'"
    assert "train.epochs" in caught.value.fix
    with pytest.raises(BadSetting, match="there is no setting 'epochs'") as caught:
        load("epochs=3")
    assert caught.value.fix == "did you mean train.epochs?"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("train.epochs=many", "train.epochs: .*integer.*got 'many'"),
        ("train.epochs=2.5", "train.epochs: .*2.5"),
        ("train.epochs=true", "train.epochs: "),
        ("train.epochs=0", "`epochs` must be at least 1, got 0"),
        ("train.lr=nan", "train.lr is nan; numbers are finite"),
        ("train.lr=inf", "numbers are finite"),
        ("train.schedule=linear", "train.schedule: .*'cosine' or 'step'"),
        ("train=3", "train: "),
        ("task=7", "task: .*string"),
    ],
)
def test_a_value_that_does_not_belong_is_refused_with_its_place(text, message):
    with pytest.raises(BadSetting, match=message):
        load(text)


def test_a_number_for_a_text_says_how_to_quote_it():
    with pytest.raises(BadSetting) as caught:
        load("task=7")
    assert "quotes" in caught.value.fix
    assert load('task="7"').task == "7"


def test_lists_become_tuples_and_text_becomes_a_path():
    settings = load("train.milestones=[3, 5]", "out=some/where")
    assert settings.train.milestones == (3, 5)
    assert settings.out == Path("some/where")


def test_a_section_reads_itself_with_its_own_errors():
    with pytest.raises(BadUnit):
        load("budget.flash=much")
    with pytest.raises(BadSetting, match="leaves room for nothing"):
        load("budget.flash=0KiB")
    with pytest.raises(BadSetting, match="no key 'flsh'"):
        load("budget.flsh=3")


def test_resolved_settings_hold_the_defaults_and_load_again():
    settings = load("budget.sram=64KiB", "train.milestones=[1]", "out=x")
    plain = resolved(settings)
    assert plain["train"]["epochs"] == 30
    assert plain["budget"]["sram_bytes"] == 65_536
    assert load(base=plain) == settings


def test_the_schema_refuses_unknown_keys_and_knows_the_defaults():
    schema = json_schema(Settings)
    train = schema["$defs"]["Train"]
    assert train["additionalProperties"] is False
    assert schema["additionalProperties"] is False
    assert train["properties"]["epochs"]["default"] == 30


@pytest.mark.parametrize(
    "content", [b"lr = 1e-3 e", b"country = no", b"\xff\xfe", b"a = " + b"[" * 100_000, b"x" * 2**21]
)
def test_what_is_not_toml_is_refused_in_a_sentence(tmp_path, content):
    path = tmp_path / "s.toml"
    path.write_bytes(content)
    with pytest.raises(BadSetting, match="is not TOML"):
        load(file=path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(MissingFile, match="there is no file"):
        load(file=tmp_path / "none.toml")


@given(st.text(max_size=40))
def test_any_override_gives_settings_or_our_error(text):
    for key in ("train.lr", "task", "out", "budget", "train"):
        with contextlib.suppress(BadSetting, BadUnit):
            load(f"{key}={text}")
