from __future__ import annotations

from pathlib import Path

import pytest

from lilliput.core.errors import BadSetting, NotYetHere
from lilliput.papers import make_plan, papers
from tests.papers.synthetic import PAPER, WITHOUT_RECIPE, Settings


def test_a_scale_changes_settings_and_seeds():
    smoke, small = make_plan(PAPER, scale="smoke"), make_plan(PAPER)
    assert (smoke.settings, smoke.seeds) == (Settings(draws=100), (0,))
    assert (small.settings, small.seeds) == (Settings(draws=2000), (0, 1, 2))
    assert small.folder == Path("runs/synthetic-small")


def test_overrides_win_over_the_file_and_the_file_over_the_scale(tmp_path):
    file = tmp_path / "settings.toml"
    file.write_text("draws = 7\nbias = 0.25\n", encoding="utf-8")
    plan = make_plan(PAPER, file=file, overrides=["draws=9"])
    assert plan.settings == Settings(draws=9, bias=0.25)


def test_units_are_every_method_with_every_seed():
    plan = make_plan(PAPER, seed=5, seeds=2)
    assert plan.units == [("ours", 5), ("ours", 6), ("baseline", 5), ("baseline", 6)]


def test_time_and_memory_follow_from_how_many_run_at_once():
    assert make_plan(PAPER, jobs=1).seconds == 360
    plan = make_plan(PAPER, jobs=4)
    assert (plan.seconds, plan.memory_bytes) == (120, 4 * 2**30)
    assert make_plan(PAPER, scale="smoke", jobs=8).memory_bytes == 2 * 2**20


def test_jobs_are_by_default_no_more_than_units_and_cores():
    assert 1 <= make_plan(PAPER, scale="smoke").jobs <= 2
    assert make_plan(PAPER, threads=10**6).jobs == 1


def test_a_paper_without_recipe_says_what_is_not_here():
    with pytest.raises(NotYetHere) as caught:
        make_plan(WITHOUT_RECIPE)
    assert str(caught.value) == (
        "LP106: bare does not run here yet\n"
        "  why: its 3 claims are in the catalogue, but no recipe runs its system\n"
        "  fix: `lilliput papers bare` shows what it claims; `lilliput papers` which ones run"
    )
    assert caught.value.exit_code == 1


def test_a_paper_that_is_not_here_cannot_be_planned():
    missing = [name for name in papers if papers[name].recipe is None]
    for name in missing:
        with pytest.raises(NotYetHere, match=name):
            make_plan(papers[name])


def test_a_scale_that_the_recipe_lacks_names_those_it_has():
    with pytest.raises(NotYetHere, match=r"does not run at the scale 'full'(.|\n)*--scale smoke, small"):
        make_plan(PAPER, scale="full")


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        ({"scale": "tiny"}, r"LP101: no scale is called 'tiny'(.|\n)*smoke, small, full"),
        ({"engine": "slurm"}, r"no engine is called 'slurm'(.|\n)*local, ray"),
        ({"seeds": 0}, "`seeds` must be at least 1, got 0"),
        ({"jobs": 0}, "`jobs` must be at least 1, got 0"),
        ({"threads": 0}, "`threads` must be at least 1, got 0"),
        ({"overrides": ["drws=3"]}, r"there is no setting 'drws'(.|\n)*did you mean draws"),
        ({"overrides": ["draws=many"]}, "draws: Input should be a valid integer, got 'many'"),
    ],
)
def test_a_wrong_request_names_itself(wrong, text):
    with pytest.raises(BadSetting, match=text):
        make_plan(PAPER, **wrong)
