"""The recipe of MCUNetV2: the published table from the networks themselves, and instructions counted."""

from __future__ import annotations

from pathlib import Path

import pytest

from lilliput.core.store import Store
from lilliput.papers import make_plan, measured_here, papers, run_plan


def test_a_small_run_gives_the_published_structure(tmp_path: Path) -> None:
    paper = papers["mcunetv2"]
    overrides = ["image=48", 'others=["mcunet_in0"]', "rows=1"]
    with Store(tmp_path / "store.sqlite") as store:
        plan = make_plan(paper, scale="smoke", jobs=1, overrides=overrides, folder=tmp_path / "run")
        result = run_plan(plan, store).result
        here = {claim: found.value for claim, found in measured_here(store, paper).items()}
    claims = {claim.id: claim.figure for claim in paper.claims}
    for claim in ("mbv2.layer-peak", "mbv2.tile", "rd.tile"):
        assert here[claim] == claims[claim]
    for claim in ("mbv2.patch-peak", "mbv2.stage-macs", "rd.stage-macs"):
        assert here[claim] == pytest.approx(claims[claim], abs=1)
    assert here["mbv2.overhead"] < 10
    assert here["rd.overhead"] < 3
    assert here["f746.latency"] > 0
    rows = {(row.name, row.method, row.split): row.value for row in result.rows}
    assert rows["peak", "whole", "mcunet_in0"] == 45.0
    assert rows["peak", "patches", "mcunet_in0"] == 13.5
    counted = "mobilenet_v2_rd, 48 px, int8"
    assert rows["arena", "patches", counted] < rows["arena", "whole", counted]
    assert rows["instructions", "patches", counted] > rows["instructions", "whole", counted]
