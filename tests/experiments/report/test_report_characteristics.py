"""The section on characteristic blocks: there for models that have them, with the diagnostics' own numbers."""

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import xarray

from pellucid import data, zoo
from pellucid.data import Batch
from pellucid.diagnostics import (
    calibration_error,
    intervention_selectivity,
    label_information,
    mutual_information,
    swap,
)
from pellucid.experiments.report import write_report
from pellucid.experiments.report.block_prior import BlockPrior
from pellucid.experiments.report.characteristic_pictures import characteristic_pictures, strangers
from pellucid.experiments.report.characteristics import read_characteristics
from pellucid.experiments.report.label_reader import LabelReader
from pellucid.experiments.report.reading import read_run
from pellucid.inference import Run

pytestmark = pytest.mark.filterwarnings("ignore::pellucid.inference.training.CollapseWarning")  # the style is small

FEW = data.smiley(rows=60, labels=30, validation=20, test=30)
LABELS = ["bow tie", "hat", "eyes", "mouth"]


@pytest.fixture(scope="module")
def run(tmp_path_factory, train) -> Run:
    """Smileys whose attributes have two dimensions each, beside a sparse style."""
    rows = data.smiley(rows=200, labels=100, validation=40, test=80)
    torch.manual_seed(0)
    pair = zoo.ccvae(rows, style=3, block=2, style_prior="spike-and-slab", spike=0.5, consistency=1.0, hidden=(32,))
    trained = train(tmp_path_factory.mktemp("ccvae") / "run", rows, pair, epochs=5, lr=5e-3)
    write_report(trained)
    return trained


@pytest.fixture(scope="module")
def numbers(run, read_page) -> dict[str, list[float]]:
    return read_page(run.folder / "report.html").numbers


def code(run: Run) -> torch.Tensor:
    q: Any = run.posterior()["z"].base_dist
    return torch.cat([run.posterior()["c"].mean, torch.where(q.gate > 0.5, q.loc, 0.0)], -1)


def test_labels_are_scored_and_calibrated_as_the_diagnostics_do(run, numbers):
    y, p = run.split("test").y, run.posterior()["y"].base_dist.probs
    for i, label in enumerate(LABELS):
        right = ((p[:, i] > 0.5) == (y[:, i] > 0.5)).float().mean()
        share = y[:, i].float().mean()
        found = calibration_error(p[:, i], y[:, i])
        expected = [float(right), float(max(share, 1 - share)), found.error, found.chance]
        assert numbers[f"label y: {label}"] == pytest.approx(expected, abs=1e-5)


def test_a_block_tells_what_its_dimensions_tell_together_and_the_best_of_them_of_the_label(run, numbers):
    q, y = run.posterior()["c"], run.split("test").y
    image = mutual_information(q).value.reshape(4, 2).sum(1)
    of_label = [label_information(q, y[:, i]) for i in range(4)]
    for i, label in enumerate(LABELS):
        expected = [image[i], of_label[i].value[[2 * i, 2 * i + 1]].max(), of_label[i].entropy]
        assert numbers[f"characteristic {label}"][:3] == pytest.approx(expected, abs=1e-6)


def test_diversity_is_the_variance_of_images_under_the_prior_of_the_rows_own_label(run, numbers):
    generator = torch.Generator().manual_seed(9)
    z, y = code(run)[:32], run.split("test").y[:32].long()
    loc, spread = (each.detach() for each in (run.pair.model.prior.loc, run.pair.model.prior.spread))
    scale = torch.nn.functional.softplus(spread) + 1e-3
    for i, label in enumerate(LABELS):
        images = []
        for _ in range(300):
            moved = z.clone()
            noise = torch.randn(32, 2, generator=generator)
            moved[:, [2 * i, 2 * i + 1]] = loc[y[:, i], i] + scale[y[:, i], i] * noise
            images.append(run.decode(moved))
        expected = float(torch.stack(images).var(0).flatten(1).sum(1).mean())
        assert numbers[f"characteristic {label}"][3] == pytest.approx(expected, rel=0.15)


def test_the_own_share_is_the_selectivity_of_swaps_in_what_the_guide_reads(run, numbers):
    z = code(run)
    partner = torch.randperm(len(z), generator=torch.Generator().manual_seed(0))
    posterior = run.pair.guide.guide.posterior

    def read(images: np.ndarray) -> torch.Tensor:
        with torch.no_grad():
            q = posterior.from_features(posterior.encoder(torch.as_tensor(images)))
            return posterior.label_marginals({"c": q})["y"].mean

    after = [swap(run.decode, z, [2 * i, 2 * i + 1], partner) for i in range(4)]
    found = intervention_selectivity(read, run.decode(z), after)
    assert [numbers[f"characteristic {label}"][4] for label in LABELS] == pytest.approx(found.share.tolist(), rel=1e-3)


def test_the_pictures_stand_in_the_section_and_dimensions_name_their_label(run, read_page):
    page = read_page(run.folder / "report.html")
    assert {"characteristics", "labels", "swaps", "variance", "means", "reliability"} <= page.sections()
    assert page.open == []
    assert "c0, c1" in page.text
    assert "site c , Normal; site z , SpikeAndSlab, side by side" in page.text
    assert "Without a gate" in page.text


def test_draws_of_each_site_have_their_own_dimensions(run):
    with xarray.open_dataset(run.folder / "posterior.nc", group="posterior") as posterior:
        assert posterior["c"].dims == ("chain", "draw", "row", "c_dimension")
        assert posterior["z"].dims == ("chain", "draw", "row", "z_dimension")
        names = posterior["c_dimension"].values.tolist()
        assert names == [f"c{j} dense: {LABELS[j // 2]}" for j in range(8)]
        assert [name.split()[0] for name in posterior["z_dimension"].values.tolist()] == ["z0", "z1", "z2"]
        counted = (posterior["z"].values != 0).sum(-1)
    with xarray.open_dataset(run.folder / "posterior.nc", group="sample_stats") as stats:
        assert (stats["open_gates_z"].values == counted).all()


def test_a_model_without_blocks_has_labels_without_the_section(tmp_path, train, read_page):
    run = train(tmp_path / "m2", FEW, zoo.m2(FEW, dim=3, hidden=(8,)))
    page = read_page(write_report(run))
    assert "labels" in page.sections()
    assert {"characteristics", "swaps", "variance"}.isdisjoint(page.sections())
    assert "Code: what the prior makes of its sites" in page.text
    assert len(page.numbers["label y: hat"]) == 4


def test_a_code_without_labels_has_neither(page):
    assert {"characteristics", "labels", "reliability"}.isdisjoint(page.sections())


def test_classes_have_a_block_each_and_no_own_share():
    rows = data.digits(rows=60, validation=20, test=60)
    run = Run(Path("nowhere"), zoo.ccvae(rows, style=2, hidden=(16,)), rows)
    reading = read_run(run)
    found = read_characteristics(reading)
    assert found is not None
    assert [row.label for row in found.rows] == [str(k) for k in range(10)]
    assert not found.shares
    y: Any = run.split("test").y
    one = label_information(run.posterior()["c"], (y == 3).long())
    assert (found.rows[3].of_label, found.rows[3].entropy) == pytest.approx((one.value[3], one.entropy))
    drawn = {name: figure for _, name, figure, _ in characteristic_pictures(reading, found)}
    strips = [axes.get_ylabel() for axes in drawn["swaps"].axes if axes.get_ylabel()]
    assert strips == ["A", "B", "A with B's class", "A with B's style"]
    code = torch.cat([torch.full((10,), -2.0), reading.posterior["z"].mean[0]])
    code[0] = 2.0  # the first row, as a nought and no other class
    titles = [axes.get_title() for axes in drawn["characteristics"].axes]
    shown = np.asarray(drawn["characteristics"].axes[titles.index("present")].get_images()[0].get_array())
    np.testing.assert_allclose(shown, run.decode(code[None])[0, 0].numpy(), atol=1e-6)


def test_a_class_without_a_row_has_no_diversity():
    rows: Any = data.digits(rows=60, validation=20, test=60)
    few = rows.test.take(torch.arange(60)[rows.test.y != 7])
    run = Run(Path("nowhere"), zoo.ccvae(rows, style=2, hidden=(16,)), replace(rows, test=few))
    found = read_characteristics(read_run(run))
    assert found is not None
    assert [math.isnan(row.diversity) for row in found.rows] == [k == 7 for k in range(10)]
    assert found.rows[7].of_label is None


class TestBlockPrior:
    def test_the_ends_of_a_walk_are_the_priors_own_locations(self):
        for rows in (data.digits(rows=60, validation=20, test=20), FEW):
            pair, labels = zoo.ccvae(rows, style=2, block=3, hidden=(8,)), len(rows.classes)
            with torch.no_grad():
                pair.model.prior.loc.normal_()
            off, on = BlockPrior(Run(Path("nowhere"), pair, rows)).ends(labels, attributes=rows.attributes)
            assert torch.equal(torch.stack([off, on]), pair.model.prior.loc.detach().reshape(2, -1))

    def test_draws_have_the_moments_of_the_rows_own_labels(self):
        pair = zoo.ccvae(FEW, style=2, hidden=(8,))
        y = torch.tensor([[0, 1, 0, 0], [1, 0, 0, 0]])
        torch.manual_seed(0)
        draws = BlockPrior(Run(Path("nowhere"), pair, FEW)).draws(y, [1, 0], 20_000)
        q = pair.model.prior.conditional(y).base_dist
        torch.testing.assert_close(draws.mean(0), q.loc[:, [1, 0]].detach(), atol=0.04, rtol=0)
        torch.testing.assert_close(draws.std(0), q.scale[:, [1, 0]].detach(), atol=0.04, rtol=0)


def test_labels_that_are_not_known_are_as_the_guide_guesses(run):
    y, q = run.split("test").y, run.posterior()["y"]
    known = torch.arange(80)[:, None] % 2 == torch.arange(4) % 2
    batch = Batch(run.split("test").x, torch.where(known, y.float(), torch.nan), known)
    completed = LabelReader(run, "y").completed(batch, q)
    assert torch.equal(completed[known], y[known].long())
    assert torch.equal(completed[~known], (q.base_dist.probs > 0.5).long()[~known])
    bare = LabelReader(run, "y").completed(Batch(run.split("test").x), q)
    assert torch.equal(bare, (q.base_dist.probs > 0.5).long())


def test_a_stranger_has_as_few_labels_in_common_as_any_row_and_another_class():
    y = torch.randint(2, (50, 5), generator=torch.Generator().manual_seed(0))
    for row, other in zip(range(9), strangers(y, range(9)), strict=True):
        assert (y[row] != y[other]).sum() == (y[row] != y).sum(1).max()
    classes = torch.arange(30) % 3
    assert all(classes[other] != classes[row] for row, other in enumerate(strangers(classes, range(9))))
