"""The guide that makes itself: its families, its bound against stock Pyro and quadrature, and what it refuses."""

# pyright: reportAttributeAccessIssue=false, reportTypedDictNotRequiredAccess=false, reportOptionalMemberAccess=false
# pyright: reportIndexIssue=false, reportArgumentType=false, reportCallIssue=false

import math
import pickle

import pyro
import pyro.distributions as dist
import pytest
import torch
from pyro.infer import Trace_ELBO
from pyro.nn import PyroModule
from torch import nn

from pellucid import zoo
from pellucid.diagnostics import log_evidence
from pellucid.distributions import RelaxedSpikeAndSlab, SpikeAndSlab, WrappedCauchy
from pellucid.guides import AmortisedGuide, NormalPosterior, SpikeAndSlabPosterior
from pellucid.guides.amortised import find_sites
from pellucid.inference import ELBO, Pair, log_weight
from pellucid.models import Bernoulli, LatentModel, Normal, label
from pellucid.networks import MLPDecoder, MLPEncoder

SHAPE = (1, 2, 3)
X = torch.rand(5, *SHAPE, generator=torch.Generator().manual_seed(0))


class One(PyroModule):
    """A prior of one site, of any family; what is decoded are its numbers."""

    def __init__(self, make):
        super().__init__()
        self.make = make

    def forward(self, y=None, labelled=None):
        fn = self.make()
        s = pyro.sample("s", fn)
        flat = s.reshape(*s.shape[: s.dim() - fn.event_dim], -1).float()
        # what enumeration puts ahead stays ahead; a Poisson's numbers stay in bounds
        return flat.expand(*flat.shape[:-2], -1, flat.shape[-1]).clamp(-20, 20)


def paired(prior, **options):
    torch.manual_seed(0)
    model = LatentModel(prior, nn.Identity(), Bernoulli(), n_data=5)
    with torch.no_grad(), model.code() as z:
        model.decoder = MLPDecoder(z.shape[-1], SHAPE, (8,))
    return Pair(model, AmortisedGuide(model, MLPEncoder(SHAPE, (8,)), **options))


ones = torch.ones(3)
FAMILIES = {
    "Normal": (lambda: dist.Normal(ones, 2.0).to_event(1), dist.Normal),
    "scalar": (lambda: dist.Normal(torch.tensor(1.0), 2.0), dist.Normal),
    "matrix": (lambda: dist.Normal(torch.ones(2, 3), 2.0).to_event(2), dist.Normal),
    "Laplace": (lambda: dist.Laplace(ones, 2.0).to_event(1), dist.Normal),
    "Student's t": (lambda: dist.StudentT(4.0, ones, 2.0).to_event(1), dist.Normal),
    "dense Normal": (lambda: dist.MultivariateNormal(ones, 2 * torch.eye(3) + 0.3), dist.Normal),
    "half-Cauchy": (lambda: dist.HalfCauchy(ones).to_event(1), dist.LogNormal),
    "log-Normal": (lambda: dist.LogNormal(ones, 2.0).to_event(1), dist.LogNormal),
    "Gamma": (lambda: dist.Gamma(2 * ones, 3.0).to_event(1), dist.Gamma),
    "Exponential": (lambda: dist.Exponential(2 * ones).to_event(1), dist.Gamma),
    "Pareto": (lambda: dist.Pareto(2 * ones, 1.5).to_event(1), dist.TransformedDistribution),
    "interval": (lambda: dist.Uniform(-2 * ones, 3.0).to_event(1), dist.TransformedDistribution),
    "Beta": (lambda: dist.Beta(2 * ones, 3.0).to_event(1), dist.TransformedDistribution),
    "simplex": (lambda: dist.Dirichlet(2 * ones), dist.TransformedDistribution),
    "two simplexes": (lambda: dist.Dirichlet(torch.ones(2, 3)).to_event(1), dist.TransformedDistribution),
    "correlations": (lambda: dist.LKJCholesky(3, torch.tensor(2.0)), dist.TransformedDistribution),
    "angles": (lambda: dist.VonMises(ones, 2.0).to_event(1), WrappedCauchy),
    "counts": (lambda: dist.Poisson(2 * ones).to_event(1), dist.Poisson),
    "first success": (lambda: dist.Geometric(torch.tensor(0.4)), dist.Geometric),
    "wrapped angles": (lambda: WrappedCauchy(ones, 0.4).to_event(1), WrappedCauchy),
    "mixture of clouds": (
        lambda: dist.MixtureSameFamily(dist.Categorical(torch.ones(2)), dist.Normal(torch.tensor([-1.0, 2.0]), 0.5)),
        dist.Normal,
    ),
    "bent Normal": (
        lambda: dist.TransformedDistribution(
            dist.MultivariateNormal(ones, torch.eye(3) + 0.2), [torch.distributions.ExpTransform()]
        ),
        dist.LogNormal,
    ),
    "class": (lambda: dist.Categorical(torch.tensor([0.2, 0.3, 0.5])), dist.Categorical),
    "one-hot class": (lambda: dist.OneHotCategorical(torch.tensor([0.2, 0.3, 0.5])), dist.OneHotCategorical),
    "two classes": (lambda: dist.Categorical(torch.ones(2, 3)).to_event(1), dist.Categorical),
    "coin": (lambda: dist.Bernoulli(torch.tensor(0.3)), dist.Bernoulli),
    "coins": (lambda: dist.Bernoulli(0.3 * ones).to_event(1), dist.Bernoulli),
    "many coins": (lambda: dist.Bernoulli(torch.full((8,), 0.3)).to_event(1), dist.Bernoulli),
    "spike-and-slab": (lambda: SpikeAndSlab(0.3 * ones, 0.0, 1.0).to_event(1), RelaxedSpikeAndSlab),
}


def base(fn):
    while isinstance(fn, torch.distributions.Independent):
        fn = fn.base_dist
    return fn


class Scalars(One):
    """A scalar site decoded as a vector of one."""

    def forward(self, y=None, labelled=None):
        return super().forward(y, labelled) if self.make().event_dim else pyro.sample("s", self.make())[..., None] * 1.0


@pytest.mark.parametrize("name", FAMILIES)
def test_the_posterior_of_a_site_has_the_support_of_its_prior_and_the_bound_that_stock_pyro_finds(name):
    make, family = FAMILIES[name]
    pair = paired(Scalars(make))
    with pyro.poutine.trace() as seen:
        pair.guide(X)
    site = seen.trace.nodes["s"]
    assert isinstance(base(site["fn"]), family)
    assert site["value"].shape == (5, *make().event_shape)
    assert make().support.check(site["value"]).all() or name == "spike-and-slab"
    pair(X).loss.backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in pair.parameters())

    pair.eval()  # hard gates
    with torch.no_grad():
        draws = 80
        ours = torch.stack([pair(X).bound.mean() for _ in range(draws)])
        guide = pyro.poutine.infer_config(pair.guide, lambda _: {"enumerate": None})  # drawn there
        stock = torch.tensor([-Trace_ELBO().loss(pair.model, guide, X) for _ in range(draws)]) / 5
    error = math.hypot(float(ours.std()), float(stock.std())) / draws**0.5
    assert float(ours.mean()) == pytest.approx(float(stock.mean()), abs=4.5 * error + 1e-4)


class Circle(PyroModule):
    """A point on a circle."""

    def forward(self, y=None, labelled=None):
        turn = pyro.sample("turn", dist.VonMises(torch.tensor(0.5), 2.0))
        return torch.stack([turn.cos(), turn.sin()], -1)


def test_weighed_draws_of_an_angle_give_the_evidence_that_a_grid_gives():
    pair = paired(Circle()).eval()
    grid = torch.linspace(-math.pi, math.pi, 2001)[:-1]
    with torch.no_grad():
        on_circle = torch.stack([grid.cos(), grid.sin()], -1)
        inside = pair.model.decode(on_circle[:, None]).log_prob(X)  # [angles, rows]
        prior = dist.VonMises(torch.tensor(0.5), 2.0).log_prob(grid)
        exact = (inside + prior[:, None]).logsumexp(0) + math.log(2 * math.pi / len(grid))
    found = log_evidence(lambda: log_weight(pair, X), particles=1500)
    assert abs(torch.from_numpy(found.value) - exact).max() < 5 * found.monte_carlo_error.max() + 1e-4
    bound = torch.stack([pair(X).bound.detach() for _ in range(300)]).mean(0)
    assert (bound < exact).all()


class Chain(PyroModule):
    """A class, a size that hangs on it, a code that hangs on both."""

    def __init__(self):
        super().__init__()
        self.loc = nn.Parameter(torch.randn(3, 2))

    def forward(self, y=None, labelled=None):
        y = label("y", dist.Categorical(torch.ones(3)), y, labelled)
        size = pyro.sample("size", dist.LogNormal(self.loc[y, 0], 1.0))
        return pyro.sample("z", dist.Normal(self.loc[y], size.unsqueeze(-1)).to_event(1))


def test_a_head_sees_the_sites_that_it_is_given_and_no_others():
    pair = paired(Chain(), given={"z": ["y", "size"]})

    def location(k, size=None):
        values = {"size": torch.full((5,), size)} if size else {}
        with pyro.poutine.condition(data=values), pyro.poutine.trace() as seen:
            torch.manual_seed(3)
            pair.guide(X, torch.full((5,), k))
        return {name: base(seen.trace.nodes[name]["fn"]) for name in ("size", "z")}

    assert torch.equal(location(0)["size"].loc, location(2)["size"].loc)
    assert not torch.allclose(location(0)["z"].loc, location(2)["z"].loc)
    assert not torch.allclose(location(0, 0.5)["z"].loc, location(0, 4.0)["z"].loc)


def test_a_latent_of_the_data_set_has_free_parameters_and_counts_once():
    class Table(PyroModule):
        def shared(self):
            return pyro.sample("table", dist.Normal(torch.zeros(3, 2), 1.0).to_event(2))

        def forward(self, y=None, labelled=None, table=torch.zeros(3, 2)):  # noqa: B008
            y = label("y", dist.Categorical(torch.ones(3)), y, labelled)
            return pyro.sample("z", dist.Normal(table[y], 1.0).to_event(1))

    pair = paired(Table())
    terms = pair(X)
    q = dist.Normal(0.0, 1.0)
    with pyro.poutine.trace() as seen:
        pair.guide(X)
    table = base(seen.trace.nodes["table"]["fn"])
    assert table.loc.shape == (3, 2)
    whole = torch.distributions.kl_divergence(dist.Normal(table.loc, table.scale), q).sum() / 5  # nats a row
    torch.testing.assert_close(terms.kl["table"].sum(), whole)


def test_sites_in_plates_of_their_own_stay_in_them():
    class Parts(PyroModule):
        def forward(self, y=None, labelled=None):
            with pyro.plate("parts", 4, dim=-2):
                s = pyro.sample("s", dist.Normal(torch.zeros(2), 1.0).to_event(1))
            return s.movedim(-3, -2).flatten(-2)

    torch.manual_seed(0)
    model = LatentModel(Parts(), MLPDecoder(8, SHAPE, (8,)), Bernoulli(), 5)
    pair = Pair(model, AmortisedGuide(model, MLPEncoder(SHAPE, (8,))), (), ELBO(max_plate_nesting=2))
    with pyro.poutine.trace() as seen:
        pair.guide(X)
    assert seen.trace.nodes["s"]["value"].shape == (4, 5, 2)
    assert [frame.name for frame in seen.trace.nodes["s"]["cond_indep_stack"]] == ["data", "parts"]
    one = seen.trace.nodes["s"]["fn"].base_dist
    kl = torch.distributions.kl_divergence(dist.Normal(one.loc, one.scale), dist.Normal(0.0, 1.0)).sum((0, 2))
    torch.testing.assert_close(pair(X).kl["s"], kl)


def test_a_head_of_ones_own_takes_the_place_of_one():
    class Turn(nn.Module):
        def __init__(self, features):
            super().__init__()
            self.linear = nn.Linear(features.out_features, 1)

        def forward(self, h):
            return WrappedCauchy(self.linear(h)[..., 0], 0.7)

    pair = paired(Circle(), sites={"turn": Turn})
    with pyro.poutine.trace() as seen:
        pair.guide(X)
    assert (seen.trace.nodes["turn"]["fn"].concentration == 0.7).all()
    pair(X).loss.backward()
    assert pair.guide.posterior.heads[0].linear.weight.grad.any()

    sparse = One(lambda: SpikeAndSlab(0.3 * ones, 0.0, 1.0).to_event(1))
    pair = paired(sparse, sites={"s": lambda features: SpikeAndSlabPosterior(features, 3, gate="log-relu")})
    assert pair.guide.posterior.heads[0].gate_form == "log-relu"
    assert pair(X).loss.isfinite()


def test_a_linear_normal_model_reaches_its_evidence():
    class Plain(PyroModule):
        def forward(self, y=None, labelled=None):
            return pyro.sample("z", dist.Normal(torch.zeros(1), 1.0).to_event(1))

    torch.manual_seed(0)
    decoder = MLPDecoder(1, SHAPE, ())
    model = LatentModel(Plain(), decoder, Normal(scale=0.5), 5)
    encoder = nn.Flatten()
    encoder.out_features = 6
    pair = Pair(model, AmortisedGuide(model, encoder))
    for p in model.parameters():
        p.requires_grad_(False)
    optimiser = torch.optim.Adam(pair.guide.parameters(), lr=0.05)
    for _ in range(800):
        optimiser.zero_grad()
        pair(X).loss.backward()
        optimiser.step()
    with torch.no_grad():
        zero, one = (model.decode(torch.tensor([[value]])).mean.flatten() for value in (0.0, 1.0))
        slope = one - zero
        exact = dist.MultivariateNormal(zero, torch.outer(slope, slope) + 0.25 * torch.eye(6)).log_prob(X.flatten(1))
        bound = torch.stack([pair(X).bound for _ in range(500)]).mean(0)
    assert (exact - bound).abs().max() < 0.05


class Faded(PyroModule):
    """A site that is not to count."""

    def forward(self, y=None, labelled=None):
        with pyro.poutine.mask(mask=torch.tensor(False)):
            return pyro.sample("z", dist.Normal(torch.zeros(2), 1.0).to_event(1))


class Stuck(PyroModule):
    """A value that is no latent."""

    def forward(self, y=None, labelled=None):
        return pyro.sample("z", dist.Delta(torch.zeros(2)).to_event(1))


class Widening(PyroModule):
    """An interval as wide as its class says."""

    def forward(self, y=None, labelled=None):
        y = label("y", dist.Categorical(torch.ones(2)), y, labelled)
        return pyro.sample("z", dist.Uniform(torch.zeros(()), 1.0 + y))[..., None]


class Learned(PyroModule):
    """An interval with a learned end."""

    def __init__(self):
        super().__init__()
        self.end = nn.Parameter(torch.tensor(1.0))

    def forward(self, y=None, labelled=None):
        return pyro.sample("z", dist.Uniform(torch.zeros(()), self.end.exp()))[..., None]


@pytest.mark.parametrize(
    ("prior", "options", "message"),
    [
        (
            One(lambda: dist.NegativeBinomial(3.0, torch.tensor(0.5)).expand([1])),
            {},
            "no head is known for a NegativeB",
        ),
        (One(lambda: dist.Uniform(torch.zeros(3), ones.cumsum(0)).to_event(1)), {}, "bounds of its support differ"),
        (Faded(), {}, "stands under poutine.mask"),
        (Stuck(), {}, r"a Delta is no latent(.|\n)*pyro.deterministic"),
        (Widening(), {}, "bounds of its support differ from row to row"),
        (Learned(), {}, "bounds of its support are learned"),
        (One(lambda: dist.ProjectedNormal(torch.ones(2))), {}, "its values are directions"),
        (Chain(), {"given": {"z": "y"}}, r"expected a list of sites for 'z'(.|\n)*given=\{'z': \['y'\]\}"),
        (Chain(), {"given": {"size": ["z"]}}, "which the prior samples later"),
        (Chain(), {"given": {"z": ["w"]}}, "given: the prior has no latent site 'w'; it has 'y', 'size', 'z'"),
        (Chain(), {"sites": {"w": NormalPosterior}}, "sites: the prior has no latent site 'w'"),
    ],
)
def test_what_cannot_be_made_is_refused_by_the_name_of_its_site(prior, options, message):
    with pytest.raises(ValueError, match=message):
        paired(prior, **options)


def test_a_prior_that_takes_labels_without_label_is_told_how():
    class Bare(PyroModule):
        def forward(self, y=None, labelled=None):
            if y is not None:
                y = torch.where(labelled, y, 0)
            return pyro.sample("z", dist.Normal(torch.zeros(2), 1.0).to_event(1))

    model = LatentModel(Bare(), MLPDecoder(2, SHAPE, (8,)), Bernoulli(), 5)
    with pytest.raises(ValueError, match=r"does not run without labels(.|\n)*label\(\"y\""):
        AmortisedGuide(model, MLPEncoder(SHAPE, (8,)))


def test_looking_at_a_prior_leaves_the_random_numbers_alone():
    model = LatentModel(Chain(), MLPDecoder(2, SHAPE, (8,)), Bernoulli(), 5)
    before = torch.get_rng_state()
    assert [(site.name, site.label) for site in find_sites(model)] == [("y", True), ("size", False), ("z", False)]
    assert torch.equal(torch.get_rng_state(), before)


def test_a_guide_survives_pickling():
    pair = paired(Chain(), given={"z": ["y"]})
    again = pickle.loads(pickle.dumps(pair.guide))
    for guide in (pair.guide, again):
        torch.manual_seed(4)
        guide.drawn = guide(X)
    assert all(torch.equal(pair.guide.drawn[name], value) for name, value in again.drawn.items())


def test_a_prior_with_plates_of_its_own_is_composed():
    class Parts(PyroModule):
        def forward(self, y=None, labelled=None):
            with pyro.plate("parts", 4, dim=-2):
                s = pyro.sample("s", dist.Normal(torch.zeros(()), 1.0))
            return s.movedim(-2, -1)

    class Rows:
        shape, n_data = SHAPE, 5

    pair = zoo.compose(Rows, prior=Parts())
    assert pair.objective.nesting == 2
    assert pair(X).kl["s"].shape == (5,)


def test_looking_at_a_prior_leaves_its_running_statistics_alone():
    class Normed(PyroModule):
        def __init__(self):
            super().__init__()
            self.norm = nn.BatchNorm1d(2)

        def forward(self, y=None, labelled=None):
            return self.norm(pyro.sample("z", dist.Normal(torch.zeros(2), 1.0).to_event(1)))

    class Rows:
        shape, n_data = SHAPE, 5

    pair = zoo.compose(Rows, prior=Normed())
    assert pair.model.prior.norm.num_batches_tracked == 0
    assert pair.model.training
