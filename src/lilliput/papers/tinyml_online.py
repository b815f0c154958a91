"""Fleets of small devices that learn: online on the device, a shared starting point, and a graph of what fits where."""

from __future__ import annotations

from datetime import date

from lilliput.papers import Claim, Kind, Paper, register_paper

register_paper(
    Paper(
        number=25,
        name="tinyml-online",
        title="On-device Online Learning and Semantic Management of TinyML Systems",
        date=date(2024, 5, 13),
        authors=4,
        arxiv="2405.07601",
        doi="10.1145/3665278",
        topics=("on-device-learning", "federated", "fleet", "few-shot"),
        summary="Three answers to what comes after the first device: train the last layers on the device, a sample "
        "at a time and without storing any; let devices share a starting point, from which a new site adapts with a "
        "handful of labels; and describe models and boards in one knowledge graph, so that a query finds what runs "
        "where. For operators of hundreds of microcontrollers.",
        claims=(
            Claim("tinyreptile.resources", "memory and training time, batched against online meta-learning", 2, "x",
                  "higher", "Reptile against TinyReptile at comparable quality", Kind.STAND_IN,
                  "[abstract] at least this", note="here: sine tasks and Omniglot's small sets"),
            Claim("tinyreptile.fits", "memory of the device", 256, "KB", "lower", "Cortex-M4, TinyReptile",
                  Kind.STAND_IN, "[abstract]", note="here: the emulated board"),
            Claim("tinymetafed.bytes", "energy and communication of TinyMetaFed against dense meta-learning", "lower",
                  "", "lower", "three use cases", Kind.STAND_IN, "[abstract]", note="here: bytes, as serialised"),
            Claim("tinyol.stored", "samples stored while a device learns", 0, "", "equal",
                  "a network whose last layers learn on the device", Kind.STRUCTURE, "[abstract]"),
            Claim("seloc.effort", "engineering effort, by hand against from the graph", 3, "x", "higher",
                  "conveyor classification, in lines to edit", Kind.OUT_OF_REACH, "[readme] at least this"),
            Claim("graph.models", "models in the published graph", 23, "", "equal", "published descriptions",
                  Kind.STRUCTURE, "[official code] counted in the published data"),
            Claim("graph.devices", "devices in the published graph", 9, "", "equal", "published descriptions",
                  Kind.STRUCTURE, "[official code] counted in the published data"),
            Claim("graph.triples", "triples", 4_057, "", "equal", "published descriptions with their schemas",
                  Kind.STRUCTURE, "[official code] counted in the published data"),
            Claim("graph.matches", "pairs of model and device that fit", 89, "", "equal",
                  "published figures, free memory and sensors", Kind.STRUCTURE,
                  "[derived] from the published data", note="the published queries themselves find none"),
        ),
    )
)  # fmt: skip
