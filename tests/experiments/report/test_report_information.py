"""What the report says of the information of each dimension, against quadrature, counts, and the run's own KL."""

import math
import re
from types import SimpleNamespace
from typing import Any

import numpy as np
import pyro.distributions as dist
import pytest
import torch
from sklearn.metrics import mutual_info_score
from torch import Tensor

from pellucid import data, zoo
from pellucid.data import Batch
from pellucid.diagnostics import Information, keep_only
from pellucid.distributions import RelaxedSpikeAndSlab, SpikeAndSlab
from pellucid.experiments.report.code import Code, read
from pellucid.experiments.report.fixed_prior import fixed_prior
from pellucid.experiments.report.partition import partitions
from pellucid.experiments.report.pictures import told_pictures
from pellucid.experiments.report.reading import read_run
from pellucid.experiments.report.told import Told, read_told
from pellucid.experiments.report.told_lines import told_lines

BARE: Any = SimpleNamespace(pair=SimpleNamespace(model=None))  # a run without a prior


def spikes(gate: Tensor) -> Code:
    """A code that differs between rows in its gates alone."""
    return Code("z", "SpikeAndSlab", SpikeAndSlab(gate, 0.0, 1.0), gate, gate)


def parts_of(y: Tensor, labelled: Tensor | None = None, names: tuple[str, ...] = tuple("abcdef")) -> list[Any]:
    return partitions(Batch(torch.zeros(len(y), 1), y, labelled), names)


class TestTold:
    def test_what_open_and_shut_gates_tell_of_the_class_is_counted(self):
        y = torch.arange(60) % 3
        gate = torch.stack([y == 0, torch.arange(60) % 7 == 0, torch.ones(60, dtype=torch.bool)], 1).float()
        told = read_told(BARE, spikes(gate), parts_of(y))
        counted = [mutual_info_score(y.numpy(), column) for column in gate.numpy().T]
        assert told.of_class == pytest.approx(counted, abs=1e-9)
        assert told.share == pytest.approx(np.array(counted) / math.log(3), abs=1e-9)
        assert told.exact

    def test_rows_without_a_label_tell_of_the_image_and_not_of_the_class(self):
        y, labelled = torch.arange(60) % 3, torch.arange(60) < 30
        gate = torch.where(labelled, y == 0, torch.arange(60) % 2 == 0)[:, None].float()
        told = read_told(BARE, spikes(gate), parts_of(y, labelled))
        assert told.of_class == pytest.approx([mutual_info_score(y[:30].numpy(), gate[:30, 0].numpy())], abs=1e-9)
        assert told.image.rows == 60
        assert told.image.value == pytest.approx([mutual_info_score(np.arange(60), gate[:, 0].numpy())], abs=1e-9)

    def test_of_several_attributes_the_one_told_best_counts(self):
        y = torch.cartesian_prod(torch.arange(2), torch.arange(2)).repeat(10, 1)
        told = read_told(BARE, spikes(y.float()), parts_of(y, names=("hat", "tie")))
        assert told.share == pytest.approx([1.0, 1.0], abs=1e-9)
        assert told.of_class is None

    def test_the_variance_is_that_of_draws_from_all_rows_together(self):
        torch.manual_seed(0)
        q = dist.Normal(torch.randn(50, 2) * torch.tensor([3.0, 0.1]), torch.rand(50, 2) + 0.5)
        draws = q.sample((20_000,)).reshape(-1, 2)
        told = read_told(BARE, read("z", q.to_event(1)), [])
        assert told.variance == pytest.approx(draws.var(0).numpy(), rel=0.02)
        assert (told.share, told.of_class, told.identity) == (None, None, None)

    def test_a_mixture_over_vectors_is_measured_as_it_is_and_not_by_its_moments(self):
        generator = torch.Generator().manual_seed(1)
        weight = torch.rand(6, 2, generator=generator)
        loc, scale = 4 * torch.randn(6, 2, 3, generator=generator), 0.3 + torch.rand(6, 2, 3, generator=generator)
        q: Any = dist.MixtureSameFamily(dist.Categorical(probs=weight), dist.Normal(loc, scale).to_event(1))
        z = np.linspace(-30, 30, 60_001)
        p = (weight / weight.sum(1, keepdim=True)).numpy()[:, :, None, None]
        m, s = loc.numpy()[..., None], scale.numpy()[..., None]
        density = (p * np.exp(-(((z - m) / s) ** 2) / 2) / (s * math.sqrt(2 * math.pi))).sum(1)  # [6, 3, z]
        ratio = np.log(np.maximum(density, 1e-300) / np.maximum(density.mean(0), 1e-300))
        expected = (density * ratio).sum(-1).mean(0) * (z[1] - z[0])
        told = read_told(BARE, read("z", q), [])
        assert told.exact
        assert told.image.value == pytest.approx(expected, abs=1e-6)

    def test_other_families_are_bounded_from_below_and_labels_left_out(self):
        loc = torch.arange(40.0)[:, None] % 2 * 50
        code = read("z", dist.Laplace(loc, 1.0).to_event(1))
        told = read_told(BARE, code, parts_of(torch.arange(40) % 2))
        assert (told.exact, told.image.method, told.of_class) == (False, "InfoNCE", None)
        assert told.image.value == pytest.approx([math.log(2)], abs=1e-6)

    def test_relaxed_gates_count_as_hard_ones(self):
        gate = (torch.arange(10) % 2)[:, None].float()
        soft = Code("z", "RelaxedSpikeAndSlab", RelaxedSpikeAndSlab(gate, 0.0, 1.0, sharpness=5.0), gate, gate)
        assert read_told(BARE, soft, []).image.value == pytest.approx([math.log(2)], abs=1e-9)


class TestThePage:
    def test_its_kl_is_the_one_of_the_table_and_the_sum_of_information_and_misfit(self, sparse, page):
        found = re.search(r"KL from the prior, ([\d.]+) nats a row = ([\d.]+) of information \+ ([\d.]+)", page.text)
        assert found
        kl, information, misfit = map(float, found.groups())
        assert kl == pytest.approx(page.numbers["quantity KL"][0], abs=0.006)
        assert kl == pytest.approx(information + misfit, abs=0.011)
        assert f"Their sum over all is {information:.2f} nats" in page.text

    def test_no_dimension_tells_more_of_the_class_than_of_the_image(self, page):
        rows = [values for name, values in page.numbers.items() if name.startswith("dimension ")]
        assert rows
        for *_, information, of_class in rows:
            assert 0 <= of_class <= information <= math.log(120)

    def test_the_picture_of_kept_dimensions_is_decoded_from_them_alone(self, sparse):
        reading = read_run(sparse[0])
        assert reading.space is not None
        figures = {name: figure for _, name, figure, _ in told_pictures(reading)}
        axes = figures["kept"].axes
        titles = [each.get_title() for each in axes if each.get_title()]
        assert titles == ["image", "9", "8", "6", "4", "3", "2", "1", "0"]
        label = axes[0].get_ylabel()
        row = reading.parts[0].y.tolist().index(int(label))  # the first of its class
        top = np.argsort(-reading.space.information)[:3]
        expected = sparse[0].decode(keep_only(reading.space.code.z[[row]], top.copy()))[0, 0]
        shown = np.asarray(axes[titles.index("3")].get_images()[0].get_array())
        np.testing.assert_allclose(shown, expected.numpy(), atol=1e-6)
        stems = [text.get_text() for text in figures["information"].axes[0].get_xticklabels()]
        assert [int(text) for text in stems] == np.argsort(-reading.space.information, kind="stable").tolist()


class TestFixedPrior:
    def test_it_is_the_prior_that_the_pair_was_made_with(self, tmp_path, train):
        digits = data.digits(rows=60, validation=20, test=20)
        prior: Any = fixed_prior(train(tmp_path / "vsc", digits, zoo.vsc(digits, dim=3, alpha=0.2, hidden=(8,))), "z")
        assert isinstance(prior, SpikeAndSlab)
        assert prior.gate.tolist() == pytest.approx([0.2] * 3)
        prior = fixed_prior(train(tmp_path / "vae", digits, zoo.vae(digits, dim=3, hidden=(8,))), "z")
        assert (prior.loc.tolist(), prior.scale.tolist()) == ([0.0] * 3, [1.0] * 3)

    @pytest.mark.parametrize("rows", [20, 1])
    def test_a_prior_that_hangs_on_the_class_is_not_one_for_all_rows(self, tmp_path, train, rows):
        digits = data.digits(rows=60, validation=20, test=rows)
        run = train(tmp_path / "run", digits, zoo.class_vsc(digits, dim=3, hidden=(8,)))
        with torch.no_grad():
            for parameter in run.pair.model.prior.parameters():
                parameter.copy_(torch.randn_like(parameter))
        assert fixed_prior(run, "z") is None
        assert fixed_prior(run, "w") is None


def lines(value: list[float], rows: int, exact: bool = True) -> list[str]:
    information = Information(np.array(value), np.full(len(value), 0.02), rows, "exact")
    told = Told(information, exact=exact, variance=np.ones(len(value)))
    return told_lines(SimpleNamespace(told=told, code=SimpleNamespace(name=lambda j: f"z{j}")))  # pyright: ignore


def test_sentences_count_the_informative_dimensions_and_set_their_sum_against_log_n():
    first, second = lines([0.01, 2.5, 1.0], 2000)
    assert (
        first
        == "2 of 3 dimensions carry more than 0.05 nats. Their sum over all is 3.51 nats; z1 carries most, 2.50 ± 0.02."
    )
    assert second.startswith("Which of the 2000 rows it is takes log 2000 = 7.60 nats to say: no dimension")
    _, second = lines([1.5, 2.5], 20)
    assert second.endswith("at least 1.00 nats are said more than once, by dimensions that depend on each other.")
    first, _ = lines([0.01, 0.02], 20)
    assert first == "None of 2 dimensions carries more than 0.05 nats. Their sum over all is 0.03 nats."
    first, _ = lines([0.3, 0.0], 20, exact=False)
    assert first.startswith(
        "1 of 2 dimensions carries more than 0.05 nats. Their sum over all is at least 0.30 nats; z0"
    )
