"""The section of mixture runs: there for runs that have one, its numbers by brute force, its plane where it says."""

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from matplotlib.image import imread
from torch.distributions import Normal, kl_divergence

from pellucid import data, zoo
from pellucid.data import Batch, DataSet
from pellucid.diagnostics import activated_subspace, generation_diversity, v_nat
from pellucid.experiments.report import write_report
from pellucid.experiments.report.mixture import (
    Mixture,
    class_lines,
    mixture_pictures,
    mixture_quantities,
    read_mixture,
    read_variation,
)
from pellucid.experiments.report.mixture.decoded import decoded_plane
from pellucid.experiments.report.mixture.pixels import to_unit
from pellucid.experiments.report.mixture.view import find_view
from pellucid.experiments.report.reading import Reading, read_run
from pellucid.guides import Guide, MixturePosterior
from pellucid.inference import Pair, Run
from pellucid.models import Bernoulli, LatentModel, MixturePrior
from pellucid.models.pseudo_centres import PseudoCentres
from pellucid.networks import MLPDecoder, MLPEncoder

ROWS: Any = data.digits(rows=300, labels=100, validation=60, test=80)
NAMES = ("nought", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
CENTRES = [[3.0 * (k % 5), 3.0 * (k // 5)] for k in range(10)]


@pytest.fixture(scope="module")
def run(tmp_path_factory, train) -> Run:
    """Ten digits, laid out by hand in two lines."""
    torch.manual_seed(0)
    pair = zoo.exon(ROWS, centres=CENTRES, scale=0.5, supervision=100.0, taught=1.0, hidden=(64,))
    trained = train(tmp_path_factory.mktemp("exon") / "run", ROWS, pair, epochs=20, lr=5e-3)
    write_report(trained)
    return trained


@pytest.fixture(scope="module")
def page(run, read_page):
    return read_page(run.folder / "report.html")


def read(pair: Any, rows: DataSet = ROWS) -> tuple[Reading, Mixture]:
    """An untrained run."""
    reading = read_run(Run(Path("nowhere"), pair, rows))
    found = read_mixture(reading)
    assert found is not None
    return reading, found


def parts(run: Run) -> tuple[torch.Tensor, Any, Any, torch.Tensor]:
    """Probabilities, components of posterior and prior, and labels of the test rows, from the programs themselves."""
    batch: Any = run.split("test")
    pair: Any = run.pair
    posterior = pair.guide.guide.posterior
    with torch.no_grad():
        p = posterior.label(batch.x, posterior.encoder(batch.x)).probs
        return p, posterior.components(batch.x).base_dist, pair.model.prior.components().base_dist, batch.y


class TestNumbers:
    def test_divergences_are_sums_over_rows_and_classes(self, run, page):
        p, q, prior, _ = parts(run)
        first = second = entropy = 0.0
        for n in range(80):
            for k in range(10):
                of_class = float(kl_divergence(Normal(q.loc[n, k], q.scale[n, k]), Normal(prior.loc[k], 0.5)).sum())
                weight = float(p[n, k])
                first += weight * math.log(10 * weight) / 80
                second += weight * of_class / 80
                entropy -= weight * math.log(weight) / 80
        found = {name: page.numbers[f"quantity {name}"][0] for name in ("KL1, of the class", "KL2, of the code")}
        assert found == pytest.approx({"KL1, of the class": first, "KL2, of the code": second}, rel=1e-4)
        assert page.numbers["quantity KL1 + KL2"][0] == pytest.approx(first + second, rel=1e-4)
        assert page.numbers["quantity Entropy of q(y | x)"][0] == pytest.approx(entropy, rel=1e-4, abs=1e-6)

    def test_codes_are_those_of_the_most_probable_class_and_rows_are_told_by_the_nearest_centre(self, run, page):
        p, q, prior, y = parts(run)
        wrong = near = 0
        for n in range(80):
            k = int(p[n].argmax())
            distance = [float((((q.loc[n, k] - mu) / s) ** 2).sum()) for mu, s in zip(*vars_of(prior), strict=True)]
            wrong += k != int(y[n])
            near += int(np.argmin(distance)) == int(y[n])
        assert page.numbers["quantity Error rate"] == pytest.approx([wrong / 80])
        assert page.numbers["quantity Nearest to their own centre"] == pytest.approx([near / 80])
        assert wrong / 80 < 0.5  # nine in ten by chance

    def test_activated_dimensions_are_those_of_the_rows_own_classes(self, run, page):
        _, q, _, y = parts(run)
        found = activated_subspace(v_nat(q.variance, y, 0.25, classes=10))
        assert page.numbers["quantity Activated dimensions"] == [found.count]
        assert [page.numbers[f"place {k}"][-1] for k in range(10)] == [len(each) for each in found.dimensions]

    def test_diversity_is_that_of_the_grid(self, run, page):
        _, mixture = read(run.pair)
        assert mixture.plane is not None
        expected = generation_diversity(mixture.plane.images[::2, ::2], window=7)
        assert page.numbers["quantity Generation diversity"] == pytest.approx([expected])
        assert "in windows of 7 pixels, for 11 do not fit" in page.text

    def test_varying_is_measured_beside_its_controls(self, run, page):
        found = {name: values[0] for name, values in page.numbers.items() if name.startswith("variation ")}
        step, inactive, same, other = found.values()
        assert list(found)[2].startswith("variation control")
        assert 0 < same < other
        z, y = read(run.pair)[1].code, run.split("test").y
        images = run.decode(z).flatten(1)
        pairs = [((images[n] - images[m]) ** 2).mean() for n in range(80) for m in range(80) if y[n] != y[m]]
        assert other == pytest.approx(float(torch.stack(pairs).mean()), rel=0.02)  # here by pairs, there by rows
        assert {math.isnan(each) or each < other for each in (step, inactive)} == {True}

    def test_a_class_has_its_share_right_and_a_class_without_a_row_nothing(self):
        few = replace(ROWS, test=Batch(*(ROWS.test.x, ROWS.test.y)).take(ROWS.test.y != 7))
        reading, mixture = read(zoo.exon(ROWS, taught=1.0, hidden=(8,)), few)
        lines = class_lines(mixture)
        assert (lines[7].rows, lines[7].right, lines[7].near, lines[7].activated) == (0, None, None, None)
        y: Any = reading.batch.y
        assert lines[3].right == pytest.approx(float((mixture.guess[y == 3] == 3).double().mean()))
        assert [name for _, name, _, _ in mixture_pictures(reading, mixture)] == [
            "plane",
            "plane-grid",
            "ways",
            "v-nat",
        ]


def vars_of(prior: Any) -> tuple[torch.Tensor, torch.Tensor]:
    return prior.loc, prior.scale


class TestPage:
    def test_the_plane_comes_with_its_grid_its_ways_and_its_dimensions(self, run, page):
        assert {"mixture", "plane", "plane-grid", "ways", "v-nat"} <= page.sections()
        assert page.open == []
        assert (run.folder / "figures" / "plane.png").is_file()

    def test_both_sheets_have_the_same_axes_and_the_centres_are_where_the_user_put_them(self, run):
        reading, mixture = read(run.pair)
        drawn = {name: figure for _, name, figure, _ in mixture_pictures(reading, mixture)}
        plane, grid = drawn["plane"].axes[0], drawn["plane-grid"].axes[0]
        assert plane.get_xlim() == pytest.approx(grid.get_xlim())
        assert plane.get_ylim() == pytest.approx(grid.get_ylim())
        assert plane.get_xlim() == pytest.approx((-1.5, 13.5), abs=0.01)  # three standard deviations about the centres
        numbers = {text.get_text(): text.get_position() for text in plane.texts}
        assert numbers["7"] == pytest.approx((6.0, 3.5))  # on the ring of one standard deviation

    def test_other_runs_have_no_such_section(self, tmp_path, train, read_page):
        few = data.digits(rows=60, labels=30, validation=20, test=20)
        other = read_page(write_report(train(tmp_path / "run", few, zoo.ccvae(few, style=2, hidden=(8,)))))
        assert {"mixture", "plane", "v-nat"}.isdisjoint(other.sections())

    def test_a_run_beside_has_a_column_and_one_that_is_no_mixture_a_dash(self, run):
        _, mixture = read(run.pair)
        lines = mixture_quantities([mixture, None, mixture])
        assert all(line.values[1] is None and line.values[0] == line.values[2] for line in lines)
        assert mixture_quantities([None]) == []


class TestView:
    def test_centres_in_two_dimensions_of_many_are_looked_at_in_these(self):
        centres = torch.zeros(4, 6)
        centres[:, 1], centres[:, 4], centres[:, 2] = torch.arange(4.0), torch.tensor([0.0, 2, 0, 1]), 7.0
        view = find_view(centres, torch.randn(9, 6), torch.arange(9) % 4, "abcd")
        assert view is not None
        assert (view.names, view.classes) == (("z1", "z4"), (0, 1, 2, 3))
        assert torch.equal(view.codes(torch.tensor([5.0, 6.0])), torch.tensor([0.0, 5, 7, 0, 6, 0]))

    def test_a_plane_through_three_centres_holds_them_at_their_distances_and_comes_back(self):
        torch.manual_seed(0)
        centres = torch.randn(5, 7)
        view = find_view(centres, torch.randn(9, 7), torch.tensor([4, 4, 1, 1, 1, 3, 3, 4, 1]), "abcde")
        assert view is not None
        assert view.classes == (1, 3, 4)  # those that have rows
        at = view.coordinates(centres[[1, 3, 4]])
        torch.testing.assert_close(torch.pdist(at), torch.pdist(centres[[1, 3, 4]]))
        torch.testing.assert_close(view.codes(at), centres[[1, 3, 4]], atol=1e-5, rtol=0)
        assert float(at[0, 1]) == pytest.approx(float(at[1, 1]), abs=1e-5)  # across, from the first to the second

    def test_spread_along_the_coordinates_is_that_of_draws(self):
        torch.manual_seed(0)
        centres, scale = torch.randn(3, 4), torch.tensor([0.5, 1.0, 2.0, 3.0])
        view = find_view(centres, centres, torch.arange(3), "abc")
        assert view is not None
        drawn = view.coordinates(scale * torch.randn(200_000, 4)).var(0)
        torch.testing.assert_close(view.variance(scale**2), drawn, rtol=0.02, atol=0)

    @pytest.mark.parametrize("third", [[2.0, 2.0, 2.0], None])
    def test_centres_in_a_line_have_the_direction_in_which_codes_vary_beside_it(self, third):
        torch.manual_seed(0)
        centres = torch.tensor([[0.0, 0, 0], [1.0, 1, 1]] + ([third] if third else []))
        y = torch.arange(300) % len(centres)
        aside = torch.tensor([1.0, -1.0, 0.0]) / 2**0.5
        z = centres[y] + 0.01 * torch.randn(300, 3) + torch.randn(300, 1) * aside
        view = find_view(centres, z, y, "abc")
        assert view is not None
        assert len(view.classes) == len(centres)
        assert float((view.axes[1] @ aside).abs()) == pytest.approx(1, abs=1e-3)
        torch.testing.assert_close(view.axes @ view.axes.T, torch.eye(2), atol=1e-5, rtol=0)

    def test_a_single_dimension_has_no_plane(self):
        assert find_view(torch.arange(3.0)[:, None], torch.zeros(2, 1), torch.tensor([0, 1]), "abc") is None

    @pytest.mark.parametrize("centres", [CENTRES, [[0.0, 0.0], [0.0, 30.0]], [[0.0, 0.0], [30.0, 0.0]]])
    def test_the_grid_covers_all_components_with_cells_of_the_images_own_shape_close_up_as_across(self, centres):
        loc = torch.tensor(centres)
        prior = Normal(loc, torch.ones(()).expand(loc.shape))
        view = find_view(loc, loc, torch.arange(len(loc)), [str(k) for k in range(len(loc))])
        assert view is not None
        plane = decoded_plane(lambda z: torch.zeros(len(z), 1, 4, 4), view, prior, loc, aspect=1.0)
        (left, right), (bottom, top) = plane.limits
        assert left < loc[:, 0].min() - 2.99
        assert top > loc[:, 1].max() + 2.99
        assert 0.4 - 1e-6 <= (top - bottom) / (right - left) <= 1.6 + 1e-6
        cells = [float(values[1] - values[0]) for values in (plane.across, plane.up)]
        assert cells[0] == pytest.approx(cells[1], rel=0.06)
        assert 400 < plane.images.shape[0] * plane.images.shape[1] < 480


def pseudo(shape: tuple[int, ...], classes: int, dim: int, rows: DataSet) -> Pair:
    """A pair by hand, whose centres are the guide's own at learned images."""
    posterior = MixturePosterior(MLPEncoder(shape, (16,)), classes, dim)
    prior = MixturePrior(classes, dim, PseudoCentres(posterior, shape))
    model = LatentModel(prior, MLPDecoder(dim, shape, (16,)), Bernoulli(), rows.n_data)
    return Pair(model, Guide(posterior, rows.n_data))


class TestKinds:
    def test_unlabelled_clusters_are_told_by_numbers_and_have_no_error(self):
        rows = data.digits(rows=100, labels=0, validation=20, test=30)
        reading, mixture = read(zoo.exon(rows, learned=True, taught=1.0, hidden=(8,)), rows)
        assert mixture.names[3] == "cluster 3"
        assert torch.equal(mixture.y, mixture.guess)
        assert not mixture.told
        names = [line.name for line in mixture_quantities([mixture])]
        assert "Error rate" not in names
        assert "Nearest to their own centre" in names
        assert len(list(mixture_pictures(reading, mixture))) == 4
        assert all(line.right is None for line in class_lines(mixture))

    @pytest.mark.filterwarnings("ignore::pellucid.inference.training.CollapseWarning")
    def test_pseudo_inputs_of_colour_images_in_another_number_of_components_without_labels(
        self, tmp_path, train, read_page
    ):
        torch.manual_seed(0)
        x = torch.rand(45, 3, 12, 10)
        rows = DataSet("bare", Batch(x[:40]), Batch(x[40:]), Batch(x[40:]), (), "torch.rand")
        run = train(tmp_path / "run", rows, pseudo((3, 12, 10), 4, 3, rows))
        page = read_page(write_report(run))
        assert {"mixture", "plane", "plane-grid", "ways"} <= page.sections()
        assert "no label tied them to the classes of the data" in page.text
        assert "144 images drawn from the prior (in windows of 9 pixels" in page.text
        assert imread(run.folder / "figures" / "plane-grid.png").shape[2] >= 3

    def test_pixels_from_minus_one_are_shown_and_compared_in_the_unit_interval(self):
        splits: Any = {name: Batch(part.x / 127.5 - 1, part.y, part.labelled) for name, part in ROWS.splits.items()}
        rows = replace(ROWS, **splits)
        reading, mixture = read(zoo.exon(rows, link="tanh", taught=1.0, hidden=(8,)), rows)
        assert mixture.plane is not None
        z = torch.tensor([[mixture.plane.across[3], mixture.plane.up[5]]]).float()
        drawn = reading.run.decode(z)[0]
        assert float(drawn.min()) < 0
        np.testing.assert_allclose(mixture.plane.images[5, 3], (drawn + 1) / 2, atol=1e-5)
        assert mixture.diversity is not None
        assert len(read_variation(reading, mixture)) == 4

    def test_a_single_row_and_a_single_dimension_have_what_can_be_had(self):
        rows = replace(ROWS, test=Batch(ROWS.test.x[:1], ROWS.test.y[:1]))
        pair = zoo.exon(ROWS, dim=1, centres=[[float(4 * k)] for k in range(10)], taught=1.0, hidden=(8,))
        reading, mixture = read(pair, rows)
        assert mixture.view is None
        assert [name for _, name, _, _ in mixture_pictures(reading, mixture)] == ["ways", "v-nat"]
        assert all(math.isnan(each.value) for each in read_variation(reading, mixture)[2:])

    def test_a_guide_of_other_components_than_the_prior_is_none(self):
        pair: Any = zoo.exon(ROWS, taught=1.0, hidden=(8,))
        reading = read_run(Run(Path("nowhere"), pair, ROWS))
        pair.guide.guide.posterior.components = lambda x: Normal(torch.zeros(len(x), 3, 2), 1.0)
        assert read_mixture(reading) is None

    def test_in_many_dimensions_the_rows_of_three_classes_are_shown_under_their_names(self):
        named = replace(ROWS, classes=NAMES)
        reading, mixture = read(zoo.exon(named, dim=12, centres="one-hot", taught=1.0, hidden=(8,)), named)
        drawn = {name: (figure, caption) for _, name, figure, caption in mixture_pictures(reading, mixture)}
        figure, caption = drawn["plane"]
        assert "The plane through the centres of nought, one, two and the rows of these" in caption
        assert figure.axes[0].get_xlabel() == "from nought towards one"
        y: Any = reading.batch.y
        assert any(text.get_text().startswith(f"{int((y < 3).sum())} codes") for text in figure.texts)


def test_pixels_are_left_as_they_are_in_the_unit_interval_and_clipped_elsewhere():
    image = torch.tensor([-3.0, 0.25, 4.0])
    assert torch.equal(to_unit(torch.tensor([0.0, 0.9]))(image), torch.tensor([0.0, 0.25, 1.0]))
    assert torch.equal(to_unit(torch.tensor([-1.0, 0.9]))(image), torch.tensor([0.0, 0.625, 1.0]))
    assert torch.equal(to_unit(torch.tensor([-3.0, 5.0]))(image), torch.tensor([0.0, 3.25 / 8, 0.875]))
    assert to_unit(torch.full((2,), 5.0))(torch.tensor([5.0])).isfinite().all()
