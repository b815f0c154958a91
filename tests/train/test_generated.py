from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from lilliput.core.errors import BadSetting, MissingFile
from lilliput.models import create_model
from lilliput.models.resnet import ResNet
from lilliput.train import TrainData, TrainSettings
from lilliput.train.data import Tensors
from lilliput.train.generated import (
    Moments,
    PictureFeatures,
    confident,
    copying,
    frechet_difference,
    frechet_distance,
    frechet_measure,
    inception_features,
    inception_score,
    moments,
    sheet,
    trained_features,
)


def normal(mean: list[float], spread: list[float]) -> Moments:
    """Independent features."""
    return Moments(np.array(mean), np.diag(np.square(spread)), 100)


class TestFrechetDistance:
    def test_it_is_the_closed_form_of_independent_features(self):
        """Σ (m₁ - m₂)² + (s₁ - s₂)²."""
        found = frechet_distance(normal([0, 1], [1, 2]), normal([3, 1], [1.5, 1]))
        assert found == pytest.approx(9 + 0.25 + 1)

    def test_it_is_the_closed_form_where_covariances_have_the_same_axes(self):
        rng = np.random.default_rng(0)
        axes = np.linalg.qr(rng.normal(size=(5, 5)))[0]
        a, b = rng.uniform(0.1, 3, 5), rng.uniform(0.1, 3, 5)
        first, second = (Moments(np.zeros(5), axes @ np.diag(s**2) @ axes.T, 9) for s in (a, b))
        assert frechet_distance(first, second) == pytest.approx(np.square(a - b).sum())

    def test_two_correlated_features_against_the_trace_of_the_root_by_hand(self):
        """For 2×2, tr √M = √(tr M + 2 √det M)."""
        first = np.array([[2.0, 0.8], [0.8, 1.0]])
        second = np.array([[1.0, -0.5], [-0.5, 3.0]])
        product = first @ second
        root = np.sqrt(np.trace(product) + 2 * np.sqrt(np.linalg.det(product)))
        wanted = np.trace(first) + np.trace(second) - 2 * root
        found = frechet_distance(Moments(np.zeros(2), first, 9), Moments(np.zeros(2), second, 9))
        assert found == pytest.approx(wanted)

    def test_it_is_symmetric_and_zero_for_the_same(self):
        rng = np.random.default_rng(1)
        a, b = moments(rng.normal(size=(300, 8))), moments(rng.normal(1, 2, size=(300, 8)))
        assert frechet_distance(a, a) == pytest.approx(0, abs=1e-9)
        assert frechet_distance(a, b) == pytest.approx(frechet_distance(b, a))

    def test_samples_of_two_normal_distributions_come_near_it(self):
        rng = np.random.default_rng(2)
        found = frechet_distance(moments(rng.normal(0, 1, (50_000, 3))), moments(rng.normal(1, 2, (50_000, 3))))
        assert found == pytest.approx(3 * (1 + 1), rel=0.02)

    def test_a_feature_that_never_varies_does_no_harm(self):
        assert frechet_distance(normal([0, 0], [1, 0]), normal([0, 0], [1, 0])) == pytest.approx(0, abs=1e-9)

    def test_too_few_pictures_are_refused(self):
        with pytest.raises(ValueError, match="8 pictures are too few for 8 features: more than 8 are needed"):
            moments(np.zeros((8, 8)))

    def test_its_interval_narrows_with_the_number_of_pictures_and_holds_the_truth(self):
        rng = np.random.default_rng(3)
        reference = normal([0, 0], [1, 1])
        few, many = (frechet_measure(reference, rng.normal(0.5, 1, (n, 2))) for n in (50, 2000))
        assert many.high - many.low < (few.high - few.low) / 3
        assert many.low < 0.5 < many.high

    def test_a_difference_is_told_from_none(self):
        rng = np.random.default_rng(4)
        reference = normal([0, 0], [1, 1])
        start = rng.normal(size=(400, 2))
        none = frechet_difference(reference, start + 0.3, start + 0.3 * rng.choice([-1, 1], 2))
        assert none.low <= 0 <= none.high
        some = frechet_difference(reference, start + 0.6, start + 0.3)
        assert some.low > 0
        assert some.value == pytest.approx(2 * (0.36 - 0.09), rel=0.4)
        with pytest.raises(ValueError, match="pairs are needed, got 400 and 399 pictures"):
            frechet_difference(reference, start, start[1:])


class TestShares:
    def test_the_score_is_one_for_no_opinion_and_the_number_of_classes_for_sure_and_even_ones(self):
        assert inception_score(np.full((20, 10), 0.1)) == pytest.approx(1)
        assert inception_score(np.tile(np.eye(10), (3, 1))) == pytest.approx(10)
        assert inception_score(np.tile(np.eye(10)[:1], (30, 1))) == pytest.approx(1)

    def test_confidence_is_a_share_of_pictures(self):
        assert confident(np.array([[0.95, 0.05], [0.6, 0.4], [0.09, 0.91], [0.5, 0.5]])) == 0.5


class TestCopying:
    def test_copies_are_found_and_new_pictures_are_not(self):
        chance = torch.Generator().manual_seed(0)
        learnt, held, new = (torch.randn(200, 1, 3, 3, generator=chance) for _ in range(3))
        assert copying(learnt + 0.01, learnt, held) < 0.1
        assert copying(new, learnt, held) == pytest.approx(1, abs=0.15)


class TestPictureFeatures:
    def judge(self, seed: int = 0) -> PictureFeatures:
        torch.manual_seed(seed)
        network = create_model("resnet8", channels=1, height=8, width=8, classes=4)
        assert isinstance(network, ResNet)
        return PictureFeatures(network, "resnet8")

    def test_it_gives_pooled_features_and_shares_in_evaluation_mode(self):
        judge = self.judge()
        judge.network.train()
        x = torch.randn(5, 1, 8, 8, generator=torch.Generator().manual_seed(0))
        features, shares = judge(x)
        assert features.shape == (5, 64)
        np.testing.assert_allclose(shares.sum(1), 1)
        np.testing.assert_allclose(judge(x[2:3])[0], features[2:3], atol=1e-5)
        logits = judge.network(x).detach()
        np.testing.assert_allclose(shares, torch.softmax(logits.double(), 1).numpy(), atol=1e-6)

    def test_what_prepares_pictures_is_asked(self):
        judge = self.judge()
        turned = PictureFeatures(judge.network, "turned", lambda x: x.flip(3))
        x = torch.randn(3, 1, 8, 8, generator=torch.Generator().manual_seed(0))
        np.testing.assert_allclose(turned(x.flip(3))[0], judge(x)[0], atol=1e-6)

    def test_the_digest_is_of_the_weights(self):
        assert self.judge().digest() == self.judge().digest()
        assert self.judge().digest() != self.judge(1).digest()


class TestOwnJudge:
    def test_it_learns_the_classes_and_its_seed_fixes_its_weights(self):
        y = torch.arange(2).repeat(32)
        x = (y * 2.0 - 1)[:, None, None, None].expand(-1, 1, 8, 8).contiguous()
        data, settings = TrainData(Tensors(x, y), Tensors(x, y)), TrainSettings(epochs=2, batch_size=8, lr=3e-3)
        first, second = (trained_features("resnet8", data, 2, settings, "ours") for _ in range(2))
        assert first.digest() == second.digest()
        assert (first(x)[1].argmax(1) == y.numpy()).all()

    def test_a_network_without_pooled_features_is_refused(self):
        data = TrainData(*[Tensors(torch.zeros(2, 1, 8, 8), torch.zeros(2))] * 2)
        with pytest.raises(BadSetting, match="spiking_mlp cannot judge pictures"):
            trained_features("spiking_mlp", data, 2, TrainSettings(epochs=1), "none")


class TestInception:
    def test_pictures_of_any_size_and_colour_get_two_thousand_features(self, tmp_path: Path):
        save_file(create_model("inception_v3_fid").state_dict(), tmp_path / "weights.safetensors")
        judge = inception_features(tmp_path)
        features, shares = judge(torch.rand(1, 1, 8, 8) * 2 - 1)
        assert features.shape == (1, 2048)
        assert shares.shape == (1, 1008)
        assert judge.name == "Inception (FID)"

    def test_a_folder_without_weights_is_refused(self, tmp_path: Path):
        with pytest.raises(MissingFile, match="has 0 checkpoints"):
            inception_features(tmp_path)


class TestSheet:
    def test_pictures_stand_in_rows_with_lines_between(self):
        x = torch.stack([torch.full((1, 2, 2), value) for value in (-1.0, 0.0, 1.0)])
        made = sheet(x, 2)
        assert made.shape == (6, 6)
        assert made[0].tolist() == [0, 0, 255, 128, 128, 255]
        assert (made[3:5, :2] == 255).all()

    def test_colours_stay(self):
        assert sheet(torch.zeros(4, 3, 2, 2), 2).shape == (6, 6, 3)
