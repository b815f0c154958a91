"""The error tree. Each class is one code; its docstring is the page that `lilliput explain CODE` prints.

    ConfigError       LP1xx  the request is wrong: change the command or the settings file     exit 2 (LP106: 1)
    FileError         LP2xx  a file is damaged, or is not what it claims to be                 exit 3
    UnsupportedError  LP3xx  the compiler cannot lower this graph exactly                      exit 4
    BudgetError       LP4xx  correct, but it does not fit                                      exit 1
    MismatchError     LP5xx  two implementations that must agree do not                        exit 1
    ToolError         LP6xx  a compiler, an emulator, an optional package or room is missing   exit 5
    Interrupted       LP700  stopped before the end, state kept                                exit 6
    Bug               LP999  our mistake                                                       exit 70

A message has up to three parts: what was wrong, with the value received; why; what to type next.
Programmers' errors inside layers and methods stay `ValueError`; this tree is for the edges.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

_BY_CODE: dict[str, type[LilliputError]] = {}


class LilliputError(Exception):
    """Base of all errors that a user can meet.

    Args:
        what: what is wrong, one sentence, with the value that was received.
        why: the reason, where `what` does not say it already.
        fix: what to do next, as something to type where that is possible.
    """

    code: ClassVar[str] = ""
    exit_code: ClassVar[int] = 70

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if "code" in cls.__dict__:
            if cls.code in _BY_CODE:
                raise ValueError(f"error code {cls.code} is taken by {_BY_CODE[cls.code].__name__}")
            _BY_CODE[cls.code] = cls

    def __init__(self, what: str, *, why: str = "", fix: str = "") -> None:
        super().__init__(what)
        self.what, self.why, self.fix = what, why, fix

    def __str__(self) -> str:
        lines = [f"{self.code}: {self.what}"]
        lines += [f"  {label}: {text}" for label, text in (("why", self.why), ("fix", self.fix)) if text]
        return "\n".join(lines)

    def __reduce__(self) -> tuple[object, ...]:
        # Keyword-only arguments get lost in the default protocol when a worker process sends an error back.
        return (_rebuild, (type(self), self.what, self.why, self.fix))


def _rebuild(cls: type[LilliputError], what: str, why: str, fix: str) -> LilliputError:
    return cls(what, why=why, fix=fix)


def error_codes() -> dict[str, type[LilliputError]]:
    """Code → class, sorted by code."""
    return dict(sorted(_BY_CODE.items()))


# --- LP1xx: the request is wrong ------------------------------------------------------------------------------


class ConfigError(LilliputError):
    """The request is wrong: change the command or the settings file."""

    exit_code = 2


class UnknownName(ConfigError):
    """A model, task, board, operator, paper or error code is asked for by a name that is not registered.

    Near names are suggested. `lilliput list models|tasks|boards|ops|papers` prints all of them.
    """

    code = "LP100"

    @classmethod
    def of(cls, kind: str, name: str, near: Sequence[str]) -> UnknownName:
        """The error for one unknown `name` of one `kind`, with the near names."""
        fix = f"did you mean {', '.join(near)}?" if near else f"`lilliput list {kind}s` prints the names there are"
        return cls(f"no {kind} is called {name!r}", fix=fix)


class BadSetting(ConfigError):
    """A setting has a value out of its range, or a key that nothing reads.

    Settings come from a TOML file and from `--set section.key=value`; `lilliput info NAME` shows the keys of a
    model or task with their defaults.
    """

    code = "LP101"


class BadUnit(ConfigError):
    """A size, time or energy could not be read.

    Sizes: `512`, `512B`, `64kB` (1000), `256KiB` (1024), `1MB`, `1MiB`. Times: `20ms`, `1.5s`, `300us`.
    Energies: `5uJ`, `2mJ`. Counts: `3.5M`, `200k`.
    """

    code = "LP102"


class BadTask(ConfigError):
    """The data cannot make a task: one class only, too few items, no labels, or shapes that differ.

    A folder task needs one folder a class (`folder/yes/*.wav`, `folder/no/*.wav`), with at least two classes and
    a few items in each, or an NPZ file with arrays `x` and `y`.
    """

    code = "LP103"


class BadOutput(ConfigError):
    """The output folder cannot be written, or holds something that this command did not make.

    Nothing was changed. Choose another folder with `--out`.
    """

    code = "LP104"


class BadCommand(ConfigError):
    """The command line could not be read: an unknown verb or option, a missing argument, or a value of another kind.

    `lilliput --help` lists the verbs; `lilliput VERB --help` shows the options of one, with an example.
    """

    code = "LP105"


class NotYetHere(ConfigError):
    """The paper is in the catalogue with its claims, but its system does not run here yet, or not at that scale.

    `lilliput papers NAME` shows what it claims and what of it runs; `lilliput papers` lists all with their status.
    """

    code = "LP106"
    exit_code = 1


# --- LP2xx: a file is damaged ---------------------------------------------------------------------------------


class FileError(LilliputError):
    """A file is damaged, or is not what it claims to be."""

    exit_code = 3


class NotThisFormat(FileError):
    """The file is not of the format it is read as: its first bytes or its format field say otherwise."""

    code = "LP200"


class NewerFormat(FileError):
    """The file was written by a newer version, with a format version that this one does not know."""

    code = "LP201"


class CutShort(FileError):
    """The file ends before, or goes on after, the place where it says it ends."""

    code = "LP202"


class OutOfRange(FileError):
    """An offset, index or count in the file lies outside its range."""

    code = "LP203"


class ImpossibleSize(FileError):
    """A size in the file cannot be: it overflows, is negative, or is above the stated limit."""

    code = "LP204"


class BadName(FileError):
    """A name in the file is missing, appears twice, is not UTF-8, or is a path where none is allowed."""

    code = "LP205"


class TooDeep(FileError):
    """The file nests deeper than the limit, or refers to itself in a circle."""

    code = "LP206"


class BadValue(FileError):
    """A value in the file cannot be: NaN or infinity in weights or samples, a scale not above 0, a zero point
    outside its type.
    """

    code = "LP207"


class WrongWeights(FileError):
    """The weights do not belong to this network: names are missing or unexpected, or shapes differ."""

    code = "LP208"


class OutsideFolder(FileError):
    """The file refers to another file outside its own folder; that is never followed."""

    code = "LP209"


class WrongChecksum(FileError):
    """A checksum or signature does not match the bytes: the file was changed or damaged after it was written."""

    code = "LP210"


class BadRecording(FileError):
    """A sound, image or table of a data set cannot be used; the message names the file and what is wrong with it.

    WAV: PCM of 8, 16, 24 or 32 bits, or 32-bit float, one or two channels, any rate from 1 kHz to 192 kHz. It is
    mixed to one channel and resampled to the task's rate.
    """

    code = "LP220"


class MissingFile(FileError):
    """A file or folder that was named is not there, or cannot be read."""

    code = "LP221"


# --- LP3xx: the compiler cannot lower this graph exactly --------------------------------------------------------


class UnsupportedError(LilliputError):
    """The compiler cannot lower this graph exactly, and does not guess."""

    exit_code = 4


class UnsupportedOp(UnsupportedError):
    """The network uses an operator that has no kernel of the type needed. The message names the node and, for a
    PyTorch model, the line that made it. `lilliput list ops` prints what there is.
    """

    code = "LP301"


class UnsupportedAttribute(UnsupportedError):
    """The operator is known, but not with this attribute, layout or shape."""

    code = "LP302"


class BrokenGraph(UnsupportedError):
    """The graph breaks its grammar: a value without a producer, a shape that its operator does not give, a type
    that it does not take. After a pass of ours this is our bug, and the message names the pass.
    """

    code = "LP310"


class DynamicShape(UnsupportedError):
    """A shape of the network is not fixed. Memory is planned when the network is compiled, so each axis needs a
    number: export with a batch of one, `torch.export.export(model, (x[:1],))`.
    """

    code = "LP311"


class UnsafeRange(UnsupportedError):
    """An integer kernel could overflow with these weights; the proof that its header asks for failed."""

    code = "LP312"


class NoSpikingRule(UnsupportedError):
    """A part of a network has no rule that turns it into spikes, or a part of a spiking file none that makes it ours.

    Spikes carry numbers from 0 up, and add. What converts: convolutions and linear layers, batch normalisation right
    behind one, ReLU with or without a ceiling, `ClipFloorShift`, average and maximum pooling, sums, and what only moves
    numbers. Sigmoids, hyperbolic tangents, layer normalisation and attention do not: train such a network with spiking
    neurons instead (`lilliput.layers.spiking`).
    """

    code = "LP320"


# --- LP4xx: it does not fit -----------------------------------------------------------------------------------


class BudgetError(LilliputError):
    """The network is correct, but it does not fit."""

    exit_code = 1


class DoesNotFit(BudgetError):
    """The network needs more flash or SRAM than the board or the budget has. The message gives both figures, the
    place where the peak is, and the nearest option that fits.
    """

    code = "LP401"


# --- LP5xx: two implementations differ ------------------------------------------------------------------------


class MismatchError(LilliputError):
    """Two implementations that must agree do not."""

    exit_code = 1


class NotBitExact(MismatchError):
    """An output on the host or on the emulated board differs from the reference: integers in any byte, float32 by more
    than the rounding of sums explains. The message names the first node that differs. This is a bug of the compiler or
    of a kernel: keep the folder and report it.
    """

    code = "LP501"


class Diverged(MismatchError):
    """Training met a loss that is not finite. The message gives the step and the last good checkpoint."""

    code = "LP502"


class BoardFault(MismatchError):
    """The program did on the emulated board what a real board answers with a fault: an access outside its flash and
    RAM, an instruction that the core does not have, or no end within the instruction limit. The message names the
    address and the function. This is a bug of the compiler or of a kernel: keep the folder and report it.
    """

    code = "LP503"


class BadPlan(MismatchError):
    """The memory plan of a compiled network would let one value overwrite another that is still needed. This is a bug
    of the planner; no code was written.
    """

    code = "LP510"


# --- LP6xx: something is missing on this machine --------------------------------------------------------------


class ToolError(LilliputError):
    """A compiler, an emulator, an optional package or room on the disk is missing on this machine."""

    exit_code = 5


class MissingExtra(ToolError):
    """An optional package is not installed. The message gives the `pip install` line that brings it."""

    code = "LP601"


class MissingTool(ToolError):
    """A program is not installed, or the emulators here cannot run this core. `lilliput doctor` shows what there
    is and how to get the rest.
    """

    code = "LP602"


class ToolFailed(ToolError):
    """A compiler or emulator that was run failed; its own words follow."""

    code = "LP603"


class NoRoom(ToolError):
    """The disk is full or a quota is reached. What was there before is unchanged; nothing half-written stays."""

    code = "LP604"


class Busy(ToolError):
    """Another process has held the result store for longer than this one waited. Nothing was lost; run it again."""

    code = "LP605"


class NotReachable(ToolError):
    """A server that was named does not answer, or refuses what it was asked. What was finished before is kept."""

    code = "LP606"


class Interrupted(LilliputError):
    """The work was interrupted. What was finished is kept, and the same command goes on from there."""

    code = "LP700"
    exit_code = 6


class Bug(LilliputError):
    """Something went wrong that no part of Lilliput expected: this is a bug of ours, not a mistake of yours.

    Run the same command with `LILLIPUT_DEBUG=1` before it to see where, and report both. What was finished before is
    kept, as after an interruption.
    """

    code = "LP999"
    exit_code = 70
