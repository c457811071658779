"""The contract of a prior."""

import copy
import itertools
import math
from pathlib import Path
from typing import Any

import pyro
import pytest
import torch
from pyro import poutine
from pyro.infer import Predictive
from torch import Tensor, nn

from ..data import Batch, DataSet
from ..distributions import known_part
from ..guides import AmortisedGuide
from ..guides.amortised import LatentSite, find_sites, nesting
from ..inference import ELBO, CannotCapture, Pair, fit, load
from ..inference.capture.check import require_same
from ..inference.capture.graph import trace_once
from ..inference.objective import random_sites
from ..inference.pyro_checks import CHECKED, UNCHECKED
from ..mode import evaluation_mode
from ..models import Bernoulli, LatentModel
from ..networks import MLPDecoder, MLPEncoder
from .fake_device import on_fake_device
from .points import Points

__all__ = ["PriorContract"]

ROWS, JOINT = 6, 500  # at most so many joint labels are tried one by one


class PriorContract:
    """Tests that a prior inherits; a class of three lines in a test file runs them all.

    What they prove: model and guide have the same latent sites, and the labels sites of their own; unlabelled rows are
    exactly the sum over all labels; rows know nothing of each other; the bound of a trained guide stays below the
    evidence; what is returned is a function of the sites; what stands in unlabelled slots reaches neither loss nor
    gradient; every parameter gets a finite gradient; the pair is captured as a graph that computes the same, or says
    why not (the test is then skipped with the reason); a checkpoint brings it back; draws from the prior predictive
    have the data's shape and lie in their supports, and given labels have them; everything stays on the device of the
    parameters.

    Attributes:
        prior: the prior, or a function without arguments that makes one.
        shape: of an image.
        labels: the label sites, if they are to be there: without them a prior that forgets ``label`` has none, and the
            tests of labels are skipped.

    Example:
        >>> from pellucid.models import NormalPrior
        >>> class TestNormalPrior(PriorContract):
        ...     prior = NormalPrior(4)
        >>> TestNormalPrior().test_model_and_guide_have_the_same_latent_sites()
    """

    prior: Any = None
    shape: tuple[int, ...] = (1, 4, 4)
    labels: tuple[str, ...] | None = None

    def pair(self) -> Pair:
        """A small pair around a fresh copy of the prior; override it for a posterior of your own."""
        torch.manual_seed(0)
        own = type(self).__dict__.get("prior", type(self).prior)
        prior = copy.deepcopy(own) if isinstance(own, nn.Module) else getattr(own, "__func__", own)()
        model = LatentModel(prior, nn.Identity(), Bernoulli(), n_data=4 * ROWS)
        with torch.no_grad(), evaluation_mode(model), model.code(rows=2) as z:
            model.decoder = MLPDecoder(z.shape[-1], self.shape, (16,))
        guide = AmortisedGuide(model, MLPEncoder(self.shape, (16,)))
        return Pair(model, guide, (), ELBO(max_plate_nesting=nesting(find_sites(model))))

    def test_model_and_guide_have_the_same_latent_sites(self):
        pair = self.pair()
        with pyro.settings.context(**CHECKED):
            terms = pair(self.images())
        assert list(terms.kl) == [site.name for site in find_sites(pair.model)]
        assert terms.loss.isfinite(), f"the loss of the first batch is {float(terms.loss)}"
        found = tuple(site.name for site in find_sites(pair.model) if site.label)
        assert self.labels is None or found == tuple(self.labels), f"the label sites are {found}, not {self.labels}"

    def test_unlabelled_rows_are_the_sum_over_all_labels(self):
        pair, x = self.pair().eval(), self.images()
        sites = self.label_values(pair, x)
        with torch.no_grad(), Points():
            found = pair(x).bound
            total = torch.zeros_like(found)
            for joint in itertools.product(*(values.unbind() for values in sites.values())):
                y = {name: value.expand(ROWS, *value.shape) for name, value in zip(sites, joint, strict=True)}
                log_q = self.log_classifier(pair, x, y)
                total += log_q.exp() * (pair(x, y).bound - log_q)
        torch.testing.assert_close(found, total, rtol=1e-4, atol=1e-4)

    def test_rows_know_nothing_of_each_other(self):
        pair, x = self.pair().eval(), self.images()
        with torch.no_grad(), Points():
            torch.testing.assert_close(pair(x).bound[:2], pair(x[:2]).bound, rtol=1e-4, atol=1e-4)

    def test_what_the_prior_returns_is_a_function_of_its_sites(self):
        pair, x = self.pair().eval(), self.images()
        with torch.no_grad():
            guide = poutine.trace(pair.guide).get_trace(x)
            found = []
            for _ in range(2):
                with poutine.replay(trace=guide), pair.model.code(x) as z:
                    found.append(z)
        assert torch.equal(*found), "the prior returns something else each time: chance that is no site"

    def test_the_bound_of_a_trained_guide_stays_below_the_evidence(self):
        pair, x = self.pair(), self.images()
        if any(site.shared for site in find_sites(pair.model)):
            pytest.skip("a latent of the data set ties its rows together: no row has an evidence of its own")
        optimiser = torch.optim.Adam(pair.guide.parameters(), lr=0.02)
        for _ in range(200):
            optimiser.zero_grad()
            pair(x).loss.backward()
            optimiser.step()
        pair.eval()
        with torch.no_grad():
            bound = torch.stack([pair(x).bound.mean() for _ in range(100)])
            inside = []
            for _ in range(10):
                with pair.model.code(rows=200 * ROWS) as z:
                    inside.append(pair.model.decode(z.reshape(200, ROWS, -1)).log_prob(x))
        weight = torch.cat(inside)
        evidence = weight.logsumexp(0) - math.log(len(weight))
        spread = (weight - evidence).exp().var(0) / len(weight)  # of each row's evidence, by the delta method
        allowed = 5 * float((spread.sum().sqrt() / ROWS).square() + bound.var() / len(bound)) ** 0.5 + 0.02
        above = float(bound.mean() - evidence.mean())
        assert above < allowed, (
            f"the bound is {above:.3g} nats above the evidence: the posterior of a site is no density"
        )

    def test_rows_know_nothing_of_the_labels_of_others(self):
        pair, x = self.pair().eval(), self.images()
        y = self.drawn_labels(pair, x)
        known = torch.arange(ROWS) % 2 == 0
        with torch.no_grad(), Points():
            mixed = pair(x, y, dict.fromkeys(y, known)).bound
            apart = torch.where(known, pair(x, y).bound, pair(x).bound)
        torch.testing.assert_close(mixed, apart, rtol=1e-4, atol=1e-4)

    def test_what_stands_in_unlabelled_slots_reaches_neither_loss_nor_gradient(self):
        pair, x = self.pair(), self.images()
        y = self.drawn_labels(pair, x)
        known = torch.arange(ROWS) % 2 == 0
        found = []
        for rubbish in (0.0, math.nan):
            slots = {name: value.float().clone() for name, value in y.items()}
            for value in slots.values():
                value[~known] = rubbish
            pair.zero_grad()
            torch.manual_seed(1)
            loss = pair(x, slots, dict.fromkeys(y, known)).loss
            loss.backward()
            found.append((loss.detach(), [p.grad.clone() for p in pair.parameters() if p.grad is not None]))
        torch.testing.assert_close(found[0], found[1], rtol=0, atol=0)

    def test_every_parameter_gets_a_finite_gradient(self):
        pair, x = self.pair(), self.images()
        sites = find_sites(pair.model)
        y = self.drawn(pair, x) if any(site.label for site in sites) else None
        pair(x, y, None if y is None else dict.fromkeys(y, torch.arange(ROWS) % 2 == 0)).loss.backward()
        for name, parameter in pair.named_parameters():
            if not parameter.requires_grad:
                continue
            assert parameter.grad is not None, f"{name}: no gradient reaches it"
            assert parameter.grad.isfinite().all(), f"{name}: its gradient is not finite"

    def test_the_pair_is_captured_or_says_why_not(self):
        pair, x = self.pair(), self.images()
        try:
            require_same(pair, trace_once(pair, Batch(x)), Batch(x), terms=1e-4, gradients=1e-4, what="the graph")
        except CannotCapture as error:
            pytest.skip(f"trains without capture: {error}")

    def test_a_checkpoint_brings_the_pair_back(self, tmp_path: Path):
        pair, x = self.pair(), self.images(4 * ROWS)
        rows = Batch(x)
        data = DataSet("contract", rows, rows, rows, classes=(), source="torch.rand")
        run = fit(pair, data, epochs=1, batch_size=ROWS, folder=tmp_path / "run", progress=False, compile=False)
        again = load(run.folder, pair=self.pair(), data=data)
        losses = []
        for each in (run.pair, again.pair):
            torch.manual_seed(2)
            losses.append(each(x).loss)
        assert torch.equal(*losses)

    def test_draws_from_the_prior_predictive_have_the_shape_of_the_data(self):
        pair = self.pair()
        with poutine.trace() as seen, pair.model.code(rows=3) as z:
            assert z.dim() == 2, f"the prior returns {list(z.shape)} for three rows; [3, D] was expected"
            assert len(z) == 3, f"the prior returns {list(z.shape)} for three rows; [3, D] was expected"
        for name, site in random_sites(seen.trace):
            assert site["fn"].support.check(site["value"]).all(), f"site '{name}': a draw lies outside its support"
        images = Predictive(pair.model, num_samples=2)(rows=3)["x"]
        assert images.shape == (2, 3, *self.shape)
        assert images.isfinite().all()

    def test_draws_given_labels_have_them(self):
        pair, x = self.pair(), self.images()
        y = self.drawn_labels(pair, x)
        nodes: Any = poutine.trace(pair.model).get_trace(None, y).nodes
        for name, value in y.items():
            torch.testing.assert_close(nodes[name]["value"].to(value), value)

    def test_nothing_is_left_on_the_cpu_when_the_pair_moves(self):
        pair, x = self.pair(), self.images()
        y = self.drawn(pair, x)
        remedy = "a tensor made in forward, or kept outside the buffers: register_buffer, or self.some_buffer.new_zeros"
        with pyro.settings.context(**UNCHECKED), on_fake_device(pair) as moved:
            images = torch.empty(x.shape, device="cuda")
            labels = {name: torch.empty(value.shape, dtype=value.dtype, device="cuda") for name, value in y.items()}
            known = dict.fromkeys(y, torch.empty(ROWS, dtype=torch.bool, device="cuda"))
            for batch in ((images,), (images, labels), (images, labels, known)) if y else ((images,),):
                try:
                    terms = moved(*batch)
                except (AssertionError, RuntimeError, TypeError) as error:  # Pyro makes a TypeError of a device's own
                    raise AssertionError(f"the pair does not run on another device: {remedy}") from error
                found = {terms.loss.device.type, *(term.device.type for term in (*terms.kl.values(), terms.bound))}
                assert found == {"cuda"}, f"terms are on {sorted(found)}: {remedy}"

    def images(self, rows: int = ROWS) -> Tensor:
        """Rows of noise."""
        return torch.rand(rows, *self.shape, generator=torch.Generator().manual_seed(0))

    def drawn(self, pair: Pair, x: Tensor) -> dict[str, Tensor]:
        """Label sites with a draw from the prior for each row; none for a prior without labels."""
        labelled = [site for site in find_sites(pair.model) if site.label]
        with torch.no_grad(), poutine.trace() as seen, pair.model.code(rows=len(x)):
            pass
        nodes: Any = seen.trace.nodes
        return {site.name: nodes[site.name]["value"] for site in labelled}

    def drawn_labels(self, pair: Pair, x: Tensor) -> dict[str, Tensor]:
        """The same; the test is skipped for a prior without labels."""
        return self.drawn(pair, x) or pytest.skip("the prior has no label site")

    def label_values(self, pair: Pair, x: Tensor) -> dict[str, Tensor]:
        """Label sites with all their values ``[K, ...]``; the test is skipped where they are not summed out."""
        labelled: list[LatentSite] = [site for site in find_sites(pair.model) if site.label]
        if not labelled:
            pytest.skip("the prior has no label site")
        guide = dict(random_sites(poutine.trace(pair.guide).get_trace(x)))
        if unlisted := [site.name for site in labelled if guide[site.name]["infer"].get("enumerate") != "parallel"]:
            pytest.skip(f"site '{unlisted[0]}' is drawn, not summed out: there is no sum to compare")
        values = {
            site.name: guide[site.name]["fn"].enumerate_support(expand=False).reshape(-1, *site.event_shape)
            for site in labelled
        }
        if (joint := math.prod(map(len, values.values()))) > JOINT:
            pytest.skip(f"{joint} joint labels are too many to try one by one")
        return values

    def log_classifier(self, pair: Pair, x: Tensor, y: dict[str, Tensor]) -> Tensor:
        """Log q(y | x) of joint labels, ``[B]``: the guide's own, before any clamp."""
        trace = poutine.trace(pair.guide).get_trace(x, y, {name: torch.ones(ROWS, dtype=torch.bool) for name in y})
        sites: dict[str, Any] = dict(random_sites(trace))
        parts = [known_part(sites[name]["fn"]) for name in y]
        return sum((part.base.log_prob(part.value) for part in parts if part is not None), torch.zeros(ROWS))
