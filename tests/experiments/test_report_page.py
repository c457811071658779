"""The report of real runs, read back as a browser would and compared with numbers computed from arrays."""

import base64
import math
import shutil
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pyro
import pyro.distributions as dist
import pytest
import torch
import xarray
from pyro.nn import PyroModule
from torch import nn
from torch.nn.functional import softplus

from pellucid import data, fit, zoo
from pellucid.data import Batch, DataSet
from pellucid.experiments.report import write_report
from pellucid.guides import classify
from pellucid.inference import Run
from pellucid.models import label
from pellucid.networks import MLPEncoder

VOID = {"meta", "img", "br", "hr", "link", "input"}


class Page(HTMLParser):
    """Tags with their attributes, the page's text, and the numbers of each table row that has a name."""

    def __init__(self, path: Path):
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.words: list[str] = []
        self.numbers: dict[str, list[float]] = {}
        self.row = ""
        self.source = path.read_text(encoding="utf-8")
        self.feed(self.source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.append((tag, given))
        if tag not in VOID:
            self.open.append(tag)
        if tag == "tr":
            names = [f"{name[5:]} {value}" for name, value in attrs if name.startswith("data-")]
            self.row = names[0] if names else ""
        if tag == "data":
            self.numbers.setdefault(self.row, []).append(float(given["value"] or "nan"))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not {"style", "title"} & set(self.open):
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    def sections(self) -> set[str]:
        return {str(given["id"]) for _, given in self.tags if "id" in given}


def trained(folder: Path, rows: DataSet, pair, epochs: int = 1, lr: float | None = None) -> Run:
    return fit(pair, rows, epochs=epochs, lr=lr, batch_size=20, folder=folder, progress=False)


@pytest.fixture(scope="module")
def sparse(tmp_path_factory) -> tuple[Run, Run]:
    """A sparse code of real digits with class information, and one without."""
    folder, rows, runs = tmp_path_factory.mktemp("sparse"), data.mnist5k(rows=600, validation=100, test=120), []
    for weight in (3.0, 0.0):
        torch.manual_seed(0)
        pair = zoo.vsc(rows, dim=9, alpha=0.1, consistency=weight, hidden=(64,))
        runs.append(trained(folder / f"weight-{weight:g}", rows, pair, epochs=25, lr=5e-3))
    write_report(runs[0], beside=runs[1])
    return runs[0], runs[1]


@pytest.fixture(scope="module")
def page(sparse) -> Page:
    return Page(sparse[0].folder / "report.html")


def posterior_of(run: Run) -> Any:
    return run.pair.guide.posterior


def labels_of(run: Run) -> np.ndarray:
    y = run.split("test").y
    assert isinstance(y, torch.Tensor)
    return y.numpy()


def entropy(p: np.ndarray) -> np.ndarray:
    p = p.clip(1e-6, 1 - 1e-6)
    return -p * np.log(p) - (1 - p) * np.log(1 - p)


def gates_and_codes(run: Run) -> tuple[np.ndarray, torch.Tensor]:
    q = run.posterior("test")["z"].base_dist  # pyright: ignore[reportAttributeAccessIssue]
    return q.gate.numpy().astype(float), torch.where(q.gate > 0.5, q.loc, 0.0)


def test_the_page_asks_for_nothing_outside_itself(page):
    for tag, given in page.tags:
        assert tag not in ("link", "script", "iframe", "object")
        for name in ("src", "href", "srcset", "data", "action"):
            if name in given:
                assert str(given[name]).startswith("data:image/png;base64,")
    style = page.source[page.source.index("<style>") : page.source.index("</style>")]
    assert "url(" not in style
    assert "@import" not in style


def test_every_tag_is_closed_and_a_phone_is_told_the_width(page):
    assert page.open == []
    assert ("viewport", "width=device-width, initial-scale=1") in {
        (given.get("name"), given.get("content")) for tag, given in page.tags if tag == "meta"
    }


def test_every_figure_of_the_folder_stands_on_the_page_byte_for_byte(sparse, page):
    files = list((sparse[0].folder / "figures").iterdir())
    shown = {str(given.get("src")).partition(",")[2] for tag, given in page.tags if tag == "img"}
    assert {file.stem for file in files} == {
        "heatmap", "sharing", "sharing-change", "traversals", "reconstructions", "samples", "training",
    }  # fmt: skip
    assert {base64.b64encode(file.read_bytes()).decode() for file in files} <= shown


def test_every_picture_has_words_for_those_who_cannot_see_it(page):
    assert all(given.get("alt") for tag, given in page.tags if tag == "img")


def test_divergences_and_overlaps_are_those_of_all_pairs_of_test_rows(sparse, page):
    for column, run in enumerate(sparse):
        gate, _ = gates_and_codes(run)
        y = labels_of(run)
        first, second = np.triu_indices(len(y), 1)
        jsd = (entropy((gate[first] + gate[second]) / 2) - entropy(gate[first]) / 2 - entropy(gate[second]) / 2).sum(1)
        both, either = (
            ((gate[first] > 0.5) & (gate[second] > 0.5)).sum(1),
            ((gate[first] > 0.5) | (gate[second] > 0.5)).sum(1),
        )
        jaccard = np.where(either > 0, both / np.maximum(either, 1), 1.0)
        same = y[first] == y[second]
        expected = {
            "Within-class JSD": jsd[same].mean(),
            "Between-class JSD": jsd[~same].mean(),
            "Between / within": jsd[~same].mean() / jsd[same].mean(),
            "Jaccard within": jaccard[same].mean(),
            "Jaccard between": jaccard[~same].mean(),
            "Gates on": (gate > 0.5).sum(1).mean(),
        }
        for name, value in expected.items():
            assert page.numbers[f"quantity {name}"][column] == pytest.approx(value, rel=1e-4), name


def bernoulli_loss(run: Run, z: torch.Tensor) -> torch.Tensor:
    x, mean = run.split("test").x.double(), run.decode(z).double().clamp(1e-12, 1 - 1e-12)
    return -(x * mean.log() + (1 - x) * (-mean).log1p()).flatten(1).sum(1)


def test_costs_and_shares_of_dimensions_follow_from_gates_and_decoder(sparse, page):
    gate, z = gates_and_codes(sparse[0])
    rows = {int(name.split()[1]): values for name, values in page.numbers.items() if name.startswith("dimension ")}
    assert rows
    for j in range(z.shape[1]):
        held = z.clone()
        held[:, j] = z[:, j].mean()
        cost = float((bernoulli_loss(sparse[0], held) - bernoulli_loss(sparse[0], z)).mean())
        share = (gate[:, j] > 0.5).mean()
        if j in rows:
            assert rows[j][:2] == pytest.approx([share, cost], rel=1e-3, abs=1e-3)
            assert cost > 0.1
        else:  # unused: it costs nothing, or is open always or never (and then carries little)
            assert cost < 0.1 + 1e-3 or not 0.01 <= share <= 0.99
    assert page.numbers["quantity Used dimensions"][0] == len(rows)
    assert f"{len(rows)} of {z.shape[1]} dimensions are used" in page.text


def test_the_bound_is_the_mean_log_weight_and_the_sum_of_its_parts(sparse, page):
    torch.manual_seed(3)
    for column, run in enumerate(sparse):
        x = run.split("test").x
        weight = torch.stack([run.log_weight(x) for _ in range(300)]).double()
        bound = page.numbers["quantity Bound"][column]
        error = math.sqrt(float(weight.var(0).mean()) / len(x) * (1 / 300 + 1 / 10))
        assert abs(bound - float(weight.mean())) < 4 * error
        parts = [page.numbers[f"quantity {name}"][column] for name in ("Reconstruction", "KL")]
        assert bound == pytest.approx(-sum(parts), abs=1e-3)
        tighter = page.numbers["quantity Log evidence"][column]
        assert bound < tighter < float((weight.logsumexp(0) - math.log(300)).mean()) + 0.1


def test_the_roles_in_the_table_are_those_of_the_class_means(sparse, page):
    gate, _ = gates_and_codes(sparse[0])
    y = labels_of(sparse[0])
    active = np.stack([gate[y == c].mean(0) for c in range(10)]) > 0.25
    for name in page.numbers:
        if name.startswith("dimension "):
            j = int(name.split()[1])
            number = active[:, j].sum()
            role = "global" if number >= 9 else "shared" if number > 3 else "specific" if number else "rare"
            assert f"z{j} {role}" in page.text


def test_what_differs_between_the_runs_is_said(page):
    assert "pair.consistency: 3.0 | 0.0" in page.text


def test_posterior_draws_open_in_xarray_with_named_coordinates(sparse):
    path = sparse[0].folder / "posterior.nc"
    gate, _ = gates_and_codes(sparse[0])
    with xarray.open_dataset(path, group="posterior") as posterior:
        assert posterior["z"].dims == ("chain", "draw", "row", "dimension")
        assert posterior["z"].shape == (1, 50, 120, 9)
        names = posterior["dimension"].values.tolist()
        assert [name.split()[0] for name in names] == [f"z{j}" for j in range(9)]
        opened = (posterior["z"].values[0] != 0).mean(0)
        z_score = (opened - gate) / np.sqrt(gate * (1 - gate) / 50 + 1e-3)
        assert np.abs(z_score).max() < 6
        counted = (posterior["z"].values != 0).sum(-1)
    with xarray.open_dataset(path, group="observed_data") as observed:
        assert np.allclose(observed["x"].values, sparse[0].split("test").x.numpy())
        assert (observed["label"].values == labels_of(sparse[0])).all()
    with xarray.open_dataset(path, group="sample_stats") as stats:
        assert (stats["open_gates"].values == counted).all()
    with xarray.open_dataset(path, group="posterior_predictive") as mean:
        assert mean["x"].dims == ("chain", "draw", "row", "channel", "height", "width")
        with xarray.open_dataset(path, group="log_likelihood") as likelihood:
            p, x = mean["x"].values[0].astype(float).clip(1e-7, 1 - 1e-7), sparse[0].split("test").x.numpy()
            expected = (x * np.log(p) + (1 - x) * np.log1p(-p)).sum((-3, -2, -1))
            assert np.allclose(likelihood["x"].values[0], expected, rtol=1e-3, atol=1e-2)


def test_a_second_report_takes_the_place_of_the_first_with_the_same_numbers(sparse, page):
    write_report(sparse[0], beside=sparse[1])
    assert Page(sparse[0].folder / "report.html").numbers == page.numbers
    assert not list(sparse[0].folder.glob(".report*"))


def test_a_report_that_fails_leaves_the_earlier_one_whole(tmp_path):
    rows = data.digits(rows=100, validation=20, test=20)
    run = trained(tmp_path / "run", rows, zoo.vsc(rows, dim=3, hidden=(8,)))
    before = {path.name: path.read_bytes() for path in [write_report(run), run.folder / "posterior.nc"]}
    with torch.no_grad():
        next(run.pair.model.decoder.parameters()).fill_(torch.nan)
    with pytest.raises(ValueError, match=r"finite|NaN|nan"):
        write_report(run)
    assert {name: (run.folder / name).read_bytes() for name in before} == before
    assert not list(run.folder.glob(".report*"))


def test_a_dense_code_is_ranked_by_information_and_shows_no_gates(tmp_path):
    rows = data.digits(rows=300, test=60)
    run = trained(tmp_path / "run", rows, zoo.vae(rows, dim=6, hidden=(32,)), epochs=8, lr=5e-3)
    page = Page(write_report(run))
    assert (run.folder / "figures" / "heatmap.png").is_file()
    assert "sharing" not in page.sections()
    assert "quantity Gates on" not in page.numbers
    information = [values[-1] for name, values in page.numbers.items() if name.startswith("dimension ")]
    assert information
    assert information == sorted(information, reverse=True)
    assert max(information) < math.log(60) + 1e-6


class LabelledPrior(PyroModule):
    def __init__(self, classes: int, dim: int):
        super().__init__()
        self.loc = nn.Parameter(torch.randn(classes, dim))

    def forward(self, y=None, labelled=None):
        y = label("y", dist.Categorical(logits=self.loc.new_zeros(len(self.loc))), y, labelled)
        return pyro.sample("style", dist.Normal(self.loc[y], 1.0).to_event(1))


class LabelledPosterior(PyroModule):
    def __init__(self, shape: tuple[int, ...], classes: int, dim: int):
        super().__init__()
        self.encoder = MLPEncoder(shape, (32,))
        self.logits, self.loc, self.scale = (nn.Linear(32, size) for size in (classes, dim, dim))

    def forward(self, x, y=None, labelled=None):
        h = self.encoder(x)
        classify("y", dist.Categorical(logits=self.logits(h)), y, labelled)
        return pyro.sample("style", dist.Normal(self.loc(h), softplus(self.scale(h)) + 1e-3).to_event(1))


def test_label_sites_are_scored_beside_the_majority_rate_and_names_are_escaped(tmp_path):
    x = torch.rand(60, 1, 8, 8)
    y = (x.flatten(1)[:, :4].sum(1) > 1.9).long()
    part = Batch(x, y, torch.arange(60) % 2 == 0)
    rows = DataSet("noise & <i>", part, Batch(x, y), Batch(x, y), ("<b>", "<script>alert(1)</script>"), "torch.rand")
    pair = zoo.compose(rows, prior=LabelledPrior(2, 3), posterior=lambda shape: LabelledPosterior(shape, 2, 3))
    run = trained(tmp_path / "run", rows, pair, epochs=3)
    page = Page(write_report(run))
    guide = posterior_of(run)
    guess = guide.logits(guide.encoder(x)).argmax(1)
    expected = [float((guess == y).double().mean()), max(float((y == c).double().mean()) for c in (0, 1))]
    assert page.numbers["label y"] == pytest.approx(expected)
    assert not {"b", "i", "script"} & {tag for tag, _ in page.tags}
    assert "noise & <i>" in page.text
    assert "put together by hand" in page.text
    assert (run.folder / "figures" / "labels-1.png").is_file()
    with xarray.open_dataset(run.folder / "posterior.nc", group="posterior") as posterior:
        assert posterior["y"].shape == (1, 50, 60)
        assert posterior["dimension"].values.tolist() == [f"style[{j}]" for j in range(3)]


def test_class_names_are_text_and_never_markup(sparse, tmp_path):
    shutil.copytree(sparse[1].folder, tmp_path / "run")
    opened = torch.as_tensor(gates_and_codes(sparse[1])[0] > 0.5)
    dimension = int((opened.double().mean(0) - 0.5).abs().argmin())
    test = sparse[1].split("test")._replace(y=opened[:, dimension].long())  # a class that one dimension marks
    rows = replace(sparse[1].data, train=test, validation=test, test=test, classes=("<b>off", "<b>on"))
    page = Page(write_report(Run(tmp_path / "run", sparse[1].pair, rows)))
    assert "b" not in {tag for tag, _ in page.tags}
    assert f"z{dimension} to <b>on" in page.text


def test_attributes_are_rows_present_and_absent(tmp_path):
    rows = data.smiley(rows=400, validation=40, test=150)
    torch.manual_seed(0)
    run = trained(
        tmp_path / "run", rows, zoo.vsc(rows, dim=6, alpha=0.3, consistency=1.0, hidden=(32,)), epochs=6, lr=5e-3
    )
    page = Page(write_report(run))
    gate, y = gates_and_codes(run)[0], labels_of(run)
    first, second = np.triu_indices(len(y), 1)
    jsd = (entropy((gate[first] + gate[second]) / 2) - entropy(gate[first]) / 2 - entropy(gate[second]) / 2).sum(1)
    within = np.mean([jsd[y[first, i] == y[second, i]].mean() for i in range(4)])
    assert page.numbers["quantity Within-class JSD"] == pytest.approx([within], rel=1e-4)
    assert "Mean over the attributes" in page.text
    with xarray.open_dataset(run.folder / "posterior.nc", group="observed_data") as observed:
        assert observed["attribute"].values.tolist() == list(rows.classes)


def test_a_collapsed_run_says_that_nothing_is_used(tmp_path):
    rows = data.digits(rows=100, validation=20, test=30)
    run = trained(tmp_path / "run", rows, zoo.vsc(rows, dim=5, hidden=(8,)))
    with torch.no_grad():
        posterior_of(run).gate.weight.zero_()
        posterior_of(run).gate.bias.fill_(-30.0)
    page = Page(write_report(run))
    assert "None of 5 dimensions is used" in page.text
    assert page.numbers["quantity Used dimensions"] == [0.0]
    assert page.numbers["quantity Within-class JSD"] == [0.0]
    assert {"dimensions", "traversals", "sharing"}.isdisjoint(page.sections())


def test_one_used_dimension_is_written_in_the_singular(tmp_path):
    rows = data.digits(rows=300, test=60)
    torch.manual_seed(0)
    run = trained(tmp_path / "run", rows, zoo.vsc(rows, dim=1, alpha=0.5, hidden=(32,)), epochs=20, lr=1e-2)
    assert "1 of 1 dimensions is used" in Page(write_report(run)).text


class GammaPrior(PyroModule):
    def __init__(self):
        super().__init__()
        self.register_buffer("one", torch.ones(3))

    def forward(self, y=None, labelled=None):
        pyro.sample("extra", dist.Normal(self.one[:2], 1.0).to_event(1))
        return pyro.sample("w", dist.Gamma(self.one, self.one).to_event(1))


class GammaPosterior(PyroModule):
    def __init__(self, shape: tuple[int, ...]):
        super().__init__()
        self.encoder = MLPEncoder(shape, (16,))
        self.concentration, self.rate, self.extra = nn.Linear(16, 3), nn.Linear(16, 3), nn.Linear(16, 2)

    def forward(self, x, y=None, labelled=None):
        h = self.encoder(x)
        pyro.sample("extra", dist.Normal(self.extra(h), 1.0).to_event(1))
        rate = softplus(self.rate(h)) + 0.1
        return pyro.sample("w", dist.Gamma(softplus(self.concentration(h)) + 0.1, rate).to_event(1))


def test_a_code_of_another_family_without_labels_and_five_rows_has_a_page(tmp_path):
    x = torch.rand(45, 3, 8, 8)
    rows = DataSet("bare", Batch(x[:40]), Batch(x[40:]), Batch(x[40:]), (), "torch.rand")
    pair = zoo.compose(rows, prior=GammaPrior(), posterior=GammaPosterior)
    run = trained(tmp_path / "run", rows, pair, epochs=2)
    page = Page(write_report(run))
    assert "site w , Gamma" in page.text
    assert "does not take them alone: extra" in page.text
    assert {"labels", "sharing", "quantity Within-class JSD"}.isdisjoint(page.sections() | page.numbers.keys())
    with xarray.open_dataset(run.folder / "posterior.nc", group="posterior") as posterior:
        assert posterior["w"].dims == ("chain", "draw", "row", "dimension")
        assert (posterior["w"].values > 0).all()
        assert posterior["extra"].shape == (1, 50, 5, 2)


def test_a_dense_run_beside_a_sparse_one_keeps_its_own_picture(sparse, tmp_path):
    rows = sparse[0].data
    run = trained(tmp_path / "run", rows, zoo.vae(rows, dim=4, hidden=(16,)), epochs=2)
    page = Page(write_report(run, beside=sparse[0]))
    assert len(page.numbers["quantity Bound"]) == 2
    assert len(page.numbers["quantity Gates on"]) == 1
    assert len(list((run.folder / "figures").glob("heatmap*.png"))) == 2


def test_a_run_that_ended_before_its_first_epoch_has_a_page_without_curves(tmp_path):
    rows = data.digits(rows=60, validation=20, test=20)
    run = trained(tmp_path / "run", rows, zoo.vsc(rows, dim=3, hidden=(8,)))
    (run.folder / "metrics.csv").unlink()
    assert "training" not in Page(write_report(run)).sections()


def test_a_folder_that_is_no_run_is_named(sparse, tmp_path):
    stray = Run(tmp_path / "nowhere", sparse[0].pair, sparse[0].data)
    with pytest.raises(FileNotFoundError, match="nowhere"):
        write_report(stray)
    assert not (tmp_path / "nowhere").exists()
