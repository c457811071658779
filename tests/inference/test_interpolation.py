"""Interpolation of labels: its value by hand, its partners, its teacher, its statistics, its refusals."""

# pyright: reportAttributeAccessIssue=false, reportCallIssue=false, reportOptionalMemberAccess=false
# pyright: reportArgumentType=false, reportIndexIssue=false, reportOptionalSubscript=false

import math
from itertools import permutations

import pyro
import pyro.distributions as dist
import pytest
import torch
from pyro.nn import PyroModule
from scipy.stats import beta, chisquare, kstest
from torch import nn

from pellucid import zoo
from pellucid.inference import Interpolation, Supervision, networks_in
from pellucid.inference.interpolation import mixture, soft_cross_entropy
from pellucid.inference.joint_statistics import joint_statistics
from pellucid.inference.mixing import among_their_own, nearest, separation_of_codes, symmetric_beta
from pellucid.inference.posterior_at import posterior_at
from pellucid.inference.teacher import Teacher
from pellucid.models import label
from pellucid.schedules import Ramp
from tests.zoo_pairs import Tiny, attributed

X = torch.rand(8, *Tiny.shape, generator=torch.Generator().manual_seed(0))
Y = torch.tensor([0, 1, 2, 0, 1, 2, 0, 1])
KNOWN = torch.tensor([True, True, True, False, False, False, False, True])
METHODS = ["m2", "ccvae", "diva", "exon"]


def built(method, *factors, **options):
    torch.manual_seed(0)
    return getattr(zoo, method)(Tiny, factors=factors, hidden=(8,), **options)


def belief(pair, x):
    """q(y | x), by the guide's own site."""
    return posterior_at(pair.guide.guide, x)["y"].probs


def interpolating(pair):
    """The factor under test: some pairs bring others."""
    return next(factor for factor in pair.factors if isinstance(factor, Interpolation))


# Partners


def test_rows_meet_their_own_kind_in_uniform_permutations():
    torch.manual_seed(0)
    known = torch.tensor([True, False, True, True, False])
    counts = {}
    for _ in range(6000):
        partner = among_their_own(known)
        assert partner.sort().values.tolist() == list(range(5))
        counts[tuple(partner.tolist())] = counts.get(tuple(partner.tolist()), 0) + 1
    expected = [(a, c, b, d, e) for a, b, d in permutations((0, 2, 3)) for c, e in permutations((1, 4))]
    assert set(counts) == set(expected)
    assert chisquare(list(counts.values())).pvalue > 0.001


def test_separation_of_codes_is_the_divergence_of_every_two_normals():
    torch.manual_seed(0)
    code = dist.Normal(torch.randn(6, 3), torch.rand(6, 3) + 0.1).to_event(1)
    by_pair = torch.stack(
        [torch.stack([torch.distributions.kl_divergence(a, b).sum() for b in normals(code)]) for a in normals(code)]
    )
    torch.testing.assert_close(separation_of_codes(code), by_pair, rtol=1e-4, atol=1e-4)


def normals(code):
    return [dist.Normal(loc, scale) for loc, scale in zip(code.base_dist.loc, code.base_dist.scale, strict=True)]


def test_the_nearest_row_is_another_of_its_kind_and_itself_where_there_is_none():
    code = dist.Normal(torch.tensor([[0.0], [0.1], [5.0], [5.2], [9.0]]), 1.0).to_event(1)
    known = torch.tensor([True, False, True, False, False])
    assert nearest(code, known).tolist() == [2, 3, 0, 4, 3]
    assert nearest(code, torch.tensor([False, True, True, True, True]))[0] == 0


# Value


def test_a_mixed_target_is_the_mixture_of_two_cross_entropies():
    torch.manual_seed(0)
    logits, w = torch.randn(5, 4), torch.rand(5)
    t, partner = torch.rand(5, 4).softmax(1), torch.randperm(5)
    found = soft_cross_entropy(dist.Categorical(logits=logits), mixture(t, partner, w))
    cross = nn.functional.cross_entropy
    expected = (1 - w) * cross(logits, t, reduction="none") + w * cross(logits, t[partner], reduction="none")
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize("w", [0.0, 0.3])
def test_nothing_is_mixed_without_a_share_or_with_oneself(w):
    images = torch.rand(4, 1, 2, 2)
    partner = torch.arange(4) if w else torch.randperm(4)
    torch.testing.assert_close(mixture(images, partner, torch.full((4,), w)), images)


@pytest.mark.parametrize("method", METHODS)
def test_without_mixing_or_teaching_it_is_the_cross_entropy_of_the_labelled_rows(method):
    pair = built(method, Interpolation(2.0, taught=0.0, labelled_mixing=0.0)).eval()
    value = pair(X, Y, KNOWN).factors["interpolation"]
    expected = -2 * belief(pair, X)[KNOWN].gather(1, Y[KNOWN, None]).log().mean()
    torch.testing.assert_close(value, expected)


def test_a_guide_that_reads_labels_off_draws_of_its_code_is_taught_too():
    pair = built("mvae", Interpolation(2.0, taught=0.0, labelled_mixing=0.0)).eval()
    value = pair(X, Y, KNOWN).factors["interpolation"]
    expected = -2 * belief(pair, X)[KNOWN].gather(1, Y[KNOWN, None]).log().mean()
    torch.testing.assert_close(value, expected, rtol=0.05, atol=0.0)  # 256 draws
    value.backward()
    assert pair.guide.guide.posterior.loc.weight.grad.any()


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("nearest", [False, True])
def test_the_value_is_that_of_mixed_images_and_labels_made_by_hand(method, nearest):
    codes = 0.0 if method in ("ccvae", "diva") else 0.7
    factor = Interpolation(1.0, taught=Ramp(0.4, 1), nearest=nearest and codes > 0, codes=codes)
    pair = built(method, factor).eval()
    torch.manual_seed(1)
    made = factor.own_rows(pair.guide.guide, X, Y, KNOWN)
    torch.manual_seed(1)
    value = pair(X, Y, KNOWN).factors["interpolation"]

    # The share of each row and its partner, read off the mixed images, and the mixed labels they imply.
    t = torch.where(KNOWN[:, None], nn.functional.one_hot(Y, 3).float(), belief(pair, X))
    code = posterior_at(pair.guide.guide, X).get("z")
    seen = posterior_at(pair.guide.guide, made.x)
    costs = []
    for row in range(8):
        own = [r for r in range(8) if KNOWN[r] == KNOWN[row]]
        partner, w = min(((r, *share_of(made.x[row], X[row], X[r])) for r in own), key=lambda each: each[2])[:2]
        cost = -(((1 - w) * t[row] + w * t[partner]) * seen["y"].probs[row].log()).sum()
        if codes:
            for read in ("mean", "stddev"):
                each = getattr(code, read)
                mixed = (1 - w) * each[row] + w * each[partner]
                cost = cost + codes * (getattr(seen["z"], read)[row] - mixed).square().sum()
        costs.append(cost)
    costs = torch.stack(costs)
    torch.testing.assert_close(value, costs[KNOWN].mean() + 0.4 * costs[~KNOWN].mean(), rtol=1e-4, atol=1e-4)


def share_of(mixed, first, second):
    """The w of ``(1 - w) first + w second`` that fits best, and how badly it fits."""
    way = (second - first).flatten()
    w = float((mixed - first).flatten() @ way / way.square().sum()) if way.any() else 0.0
    return w, float((mixed - first - w * (second - first)).square().sum())


@pytest.mark.parametrize("a", [0.1, 0.5, 1.0, 2.0, 7.0])
def test_draws_of_shares_are_of_the_symmetric_beta_distribution(a):
    torch.manual_seed(0)
    w = symmetric_beta(a, torch.zeros(20_000, dtype=torch.float64))
    assert kstest(w.numpy(), beta(a, a).cdf).pvalue > 0.001
    assert symmetric_beta(a, torch.zeros(20_000)).isfinite().all()


def test_shares_are_of_the_two_beta_distributions():
    torch.manual_seed(0)
    ends = torch.zeros(4000, *Tiny.shape)
    ends[::2] = 1.0  # a mixture of two unlike rows shows its share
    factor = Interpolation(labelled_mixing=0.1, taught_mixing=2.0)
    pair = built("m2", factor)
    for known, a in ((torch.ones(4000, dtype=torch.bool), 0.1), (torch.zeros(4000, dtype=torch.bool), 2.0)):
        made = factor.own_rows(pair.guide.guide, ends, torch.zeros(4000, dtype=torch.long), known).x[:, 0, 0, 0]
        w = (made - ends[:, 0, 0, 0]).abs()
        w = w[w > 0]  # half of the rows met their like
        spread = 1 / (4 * (2 * a + 1))  # the variance of Beta(a, a)
        assert abs((w - 0.5).square().mean() - spread) < 4 * (w - 0.5).square().std() / math.sqrt(len(w))


def test_no_gradient_goes_through_labels_or_images():
    factor = Interpolation(1.0, codes=0.5, lag=0.5)
    pair = built("m2", factor)
    torch.manual_seed(1)
    pair(X, Y, KNOWN).factors["interpolation"].backward()
    found = {name: p.grad.clone() for name, p in pair.guide.named_parameters() if p.grad is not None}
    again = built("m2", Interpolation(1.0, codes=0.5, lag=0.5))
    torch.manual_seed(1)
    made = interpolating(again).own_rows(again.guide.guide, X, Y, KNOWN)
    fixed = [made.x, *made.y.values()]
    assert not any(each.requires_grad for each in fixed)
    interpolating(again)(posterior_at(again.guide.guide, made.x), made.y, made.labelled).backward()
    for name, p in again.guide.named_parameters():
        if p.grad is not None:
            torch.testing.assert_close(p.grad, found[name])


@pytest.mark.parametrize("labels", ["none", "all", "nan"])
def test_batches_without_labels_with_all_and_with_nan_in_their_slots_are_finite(labels):
    pair = built("exon", Interpolation(3.0))
    y = torch.where(KNOWN, Y.float(), math.nan)
    batch = {"none": (X,), "all": (X, Y), "nan": (X, y, KNOWN)}[labels]
    terms = pair(*batch)
    terms.loss.backward()
    assert all(p.grad.isfinite().all() for p in pair.parameters() if p.grad is not None)
    assert terms.factors["interpolation"] > 0


def test_augmented_images_are_what_is_mixed_and_the_teacher_sees_the_clean_ones():
    factor = Interpolation(taught_mixing=0.0, labelled_mixing=0.0, augmentation=lambda x: 1 - x)
    pair = built("m2", factor)
    made = factor.own_rows(pair.guide.guide, X, Y, KNOWN)
    torch.testing.assert_close(made.x, 1 - X)
    torch.testing.assert_close(made.y["y"][~KNOWN], belief(pair.eval(), X)[~KNOWN].detach())


def test_the_mean_over_labelled_rows_does_not_hang_on_how_many_there_are():
    factor = Interpolation(1.0, taught=0.0, labelled_mixing=0.0)
    pair = built("m2", factor, Supervision(1.0, name="again")).eval()
    terms = pair(X, Y, KNOWN)
    torch.testing.assert_close(terms.factors["interpolation"], terms.factors["again"])


# Teacher


def test_a_lagging_teacher_is_the_running_mean_of_the_weights_before():
    pair = built("m2", Interpolation(1.0, lag=0.8))
    optimiser = torch.optim.SGD(pair.parameters(), 0.1)
    weight, teacher = pair.guide.guide.posterior.classifier.weight, interpolating(pair).teacher
    expected = weight.detach().clone()
    for _ in range(4):
        before = weight.detach().clone()
        pair(X, Y, KNOWN).loss.backward()
        optimiser.step()
        expected = 0.8 * expected + 0.2 * before
    kept = dict(zip(teacher.names, teacher.buffers(), strict=True))
    torch.testing.assert_close(kept["posterior.classifier.weight"], expected)
    told = teacher.eval()(pair.guide.guide, X)["y"].probs
    with torch.no_grad():
        for name, p in pair.guide.guide.named_parameters():
            p.copy_(kept[name])
    torch.testing.assert_close(told, belief(pair, X))


def test_a_teacher_without_lag_has_the_weights_of_the_step_before_and_no_dropout():
    network = nn.Sequential(nn.Flatten(), nn.Dropout(0.5), nn.Linear(16, 3))
    pair = built("exon", classifier=network)
    told = Teacher()(pair.guide.guide, X)["y"].logits.exp()
    assert network[1].training
    torch.testing.assert_close(told, network.eval()(X).softmax(1).detach())
    assert not told.requires_grad
    assert list(Teacher().buffers()) == []


def test_the_teacher_is_part_of_the_state_that_a_checkpoint_keeps():
    first, second = (built("m2", Interpolation(1.0, lag=0.8)) for _ in range(2))
    for _ in range(3):
        first(X, Y, KNOWN)
    with torch.no_grad():
        first.guide.guide.posterior.classifier.weight.add_(1.0)
    first(X, Y, KNOWN)
    second.load_state_dict(first.state_dict())
    a, b = (interpolating(p).teacher.eval()(p.guide.guide, X)["y"].probs for p in (first, second))
    assert torch.equal(a, b)


# Statistics


class Normalised(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Flatten(), nn.Linear(16, 6), nn.BatchNorm1d(6), nn.ReLU(), nn.Linear(6, 3))

    def forward(self, x):
        return self.layers(x)


def test_clean_images_in_the_bound_have_the_statistics_of_clean_and_mixed_ones():
    torch.manual_seed(0)
    network, factor = Normalised(), Interpolation(1.0, augmentation=lambda x: x * 0.1)
    pair = zoo.exon(Tiny, classifier=network, factors=[factor], hidden=(8,), interpolation=0.0)
    torch.manual_seed(1)
    made = factor.own_rows(pair.guide.guide, X, Y, KNOWN).x
    together = network(torch.cat([X, made])).softmax(1).detach()
    running = network.layers[2].running_mean.clone()
    alone = network(X).softmax(1).detach()
    network.layers[2].reset_running_stats()
    torch.manual_seed(1)
    terms = pair(X, Y, KNOWN)
    said = (together[:8] * (together[:8] * 3).log()).sum(1)
    torch.testing.assert_close(terms.kl["y"].detach(), said)
    torch.testing.assert_close(network.layers[2].running_mean, running)  # one pass, of both
    assert (together[:8] - alone).abs().max() > 0.01  # the other statistics would show


@pytest.mark.parametrize("channels", [1, 3])
def test_mixed_precision_leaves_the_statistics_joint(channels):
    shape, rows = (channels, 8, 8), []
    network = nn.Sequential(nn.Conv2d(channels, 2, 3), nn.BatchNorm2d(2), nn.Flatten(), nn.Linear(72, 3))
    network[1].register_forward_hook(lambda module, args, out: rows.append(len(out)) if module.training else None)
    data = type("Images", (Tiny,), {"shape": shape})
    pair = zoo.exon(data, classifier=network, hidden=(8,), interpolation=1.0)
    with networks_in(pair, torch.bfloat16):
        pair(torch.rand(8, *shape), Y, KNOWN)
    assert rows == [16]


def test_each_network_runs_once_for_several_sets_and_is_left_as_it_was():
    class Reader(PyroModule):
        def __init__(self):
            super().__init__()
            self.parts = nn.ModuleList([Normalised(), nn.Linear(16, 2)])

    reader, more = Reader(), [torch.rand(3, *Tiny.shape), torch.rand(2, *Tiny.shape)]
    calls = []
    reader.parts[0].layers[1].register_forward_hook(lambda *_: calls.append(1))
    with joint_statistics(reader, X, more):
        parts = [reader.parts[0](each) for each in (X, *more)]
        other = reader.parts[0](torch.rand(4, *Tiny.shape))
    assert len(calls) == 2
    assert [len(each) for each in (*parts, other)] == [8, 3, 2, 4]
    assert "forward" not in vars(reader.parts[0])
    reader.eval()
    with joint_statistics(reader, X, more):
        assert "forward" not in vars(reader.parts[0])


# Refusals


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"weight": -1.0}, "at least 0"),
        ({"taught": -1.0}, "taught: expected 0 or more"),
        ({"taught_mixing": -0.1}, "taught_mixing: expected 0 or more"),
        ({"lag": 1.0}, "lag: expected a share"),
        ({"weight": math.nan}, "at least 0"),
        ({"labelled_mixing": math.inf}, "labelled_mixing: expected 0 or more"),
        ({"codes": math.nan}, "codes: expected 0 or more"),
    ],
)
def test_numbers_that_mean_nothing_are_refused(options, words):
    with pytest.raises(ValueError, match=words):
        Interpolation(**options)


def test_a_guide_without_classes_is_refused_by_name():
    with pytest.raises(ValueError, match="expected classes at the label site 'y'"):
        zoo.vsc(Tiny, factors=[Interpolation()])(X, Y, KNOWN)
    with pytest.raises(ValueError, match="factor 'interpolation': the guide has no code 'c'"):
        zoo.m2(Tiny, factors=[Interpolation(nearest=True, code="c")])(X)
    with pytest.raises(ValueError, match="Bernoulli there"):
        zoo.m2(attributed(Tiny), factors=[Interpolation()])(X)


def test_a_code_on_an_interval_made_by_a_guide_that_makes_itself_can_be_taught_by_mixing():
    class Bounded(PyroModule):
        def forward(self, y=None, labelled=None):
            y = label("y", dist.Categorical(torch.ones(3)), y, labelled)
            z = pyro.sample("z", dist.Uniform(torch.zeros(4), 2.0).to_event(1))
            return z + y.unsqueeze(-1)

    pair = zoo.compose(Tiny, prior=Bounded(), factors=[Interpolation(1.0)])
    y, known = torch.tensor([0, 1, 2, 0, 1, 2]), torch.arange(6) < 3
    pair(torch.rand(6, *Tiny.shape), y, known).loss.backward()
    assert all(p.grad is None or p.grad.isfinite().all() for p in pair.parameters())
