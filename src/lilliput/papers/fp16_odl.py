"""Training on microcontrollers in 16-bit floating point: each layer as matrix products that feed a vector unit."""

from __future__ import annotations

from datetime import date

from lilliput.papers import Claim, Kind, Paper, register_paper

_CLUSTER = "RISC-V cluster with 8 workers and mixed FP32/FP16 units, batch 1"

register_paper(
    Paper(
        number=1,
        name="fp16-odl",
        title="Reduced Precision Floating-Point Optimization for Deep Neural Network On-Device Learning on "
        "MicroControllers",
        date=date(2023, 5, 30),
        authors=4,
        by="Nadalini and Rusci and Benini and Conti",
        arxiv="2305.19167",
        topics=("on-device-learning", "microcontrollers", "number-formats"),
        summary="C primitives that train a network on a microcontroller with a 16-bit vector float unit. Forward, "
        "weight gradient and input gradient of each layer become matrix products behind a reshaping step, and the "
        "fastest of many kernels is picked per layer by measuring. For those who must adapt a deployed network in "
        "64 to 256 KB of fast memory.",
        claims=(
            Claim(
                "conv2d.speedup", "speed of one training step, FP16 vector against FP32", 1.72, "x", "higher",
                f"one Conv2D layer, best case; {_CLUSTER}", Kind.STAND_IN, "[abstract]",
                note="here: instructions on an emulated core, which are not cycles",
            ),
            Claim(
                "resnet8.macs-per-cycle", "multiply-accumulates per cycle", 3.11, "MAC/cycle", "higher",
                f"ResNet8, whole training step; {_CLUSTER}", Kind.OUT_OF_REACH, "[abstract]",
                note="needs the board or a cycle-exact simulator",
            ),
            Claim(
                "resnet8.latency", "time per training sample", 17.1, "ms", "lower",
                f"ResNet8, whole training step; {_CLUSTER}", Kind.OUT_OF_REACH, "[abstract]",
            ),
            Claim(
                "ds_cnn.macs-per-cycle", "multiply-accumulates per cycle", 0.81, "MAC/cycle", "higher",
                f"DS-CNN, whole training step; {_CLUSTER}", Kind.OUT_OF_REACH, "[abstract]",
            ),
            Claim(
                "ds_cnn.latency", "time per training sample", 6.4, "ms", "lower",
                f"DS-CNN, whole training step; {_CLUSTER}", Kind.OUT_OF_REACH, "[abstract]",
            ),
            Claim(
                "single-core.speedup", "speed against other on-device learning software", "more than two orders of "
                "magnitude faster", "", "higher", "single-core microcontrollers", Kind.OUT_OF_REACH, "[abstract]",
            ),
            Claim(
                "continual.speedup", "speed against the earlier parallel FP32 code", 1.6, "x", "higher",
                f"continual learning set-up; {_CLUSTER}", Kind.OUT_OF_REACH, "[abstract]",
            ),
            Claim(
                "autotune.speedup", "speed of the measured choice of kernel against one kernel for all", 2.4, "x",
                "higher", "FP32 predecessor of the library, best case", Kind.STAND_IN, "[readme] of PULP-TrainLib",
            ),
            Claim(
                "resnet8.step-macs", "multiply-accumulates of one training step", 37.06, "M", "equal",
                "ResNet8 as MLPerf Tiny defines it", Kind.STRUCTURE,
                "[derived] three products a layer, two in the first",
                note="the published efficiency implies other variants of both networks",
            ),
            Claim(
                "ds_cnn.step-macs", "multiply-accumulates of one training step", 7.65, "M", "equal",
                "DS-CNN as MLPerf Tiny defines it", Kind.STRUCTURE,
                "[derived] three products a layer, two in the first",
            ),
        ),
    )
)  # fmt: skip
