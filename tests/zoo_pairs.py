"""Every pair of the zoo, small, and data sets that say no more than a pair needs."""

# pyright: reportAttributeAccessIssue=false, reportCallIssue=false, reportOptionalMemberAccess=false

from typing import ClassVar

import pyro
import pyro.distributions as dist
import torch
from pyro.nn import PyroModule
from torch import nn

from pellucid import zoo
from pellucid.guides import NormalPosterior, classify
from pellucid.inference import AllSampleConsistency, Interpolation
from pellucid.models import label
from pellucid.networks import MLPEncoder
from pellucid.schedules import Ramp
from tests.priors import Families, Horseshoe


class Tiny:
    shape: ClassVar[tuple[int, ...]] = (4, 2, 2)
    n_data: ClassVar[int] = 40
    classes: ClassVar[tuple[str, ...]] = ("a", "b", "c")
    attributes: ClassVar[bool] = False


class Photos:
    shape: ClassVar[tuple[int, ...]] = (3, 32, 32)
    n_data: ClassVar[int] = 40
    classes: ClassVar[tuple[str, ...]] = ("a", "b", "c")
    attributes: ClassVar[bool] = False


class ClassPrior(PyroModule):
    def __init__(self):
        super().__init__()
        self.loc = nn.Parameter(torch.zeros(3, 4))

    def forward(self, y=None, labelled=None):
        k = label("y", dist.Categorical(logits=self.loc.new_zeros(3)), y, labelled)
        return pyro.sample("z", dist.Normal(self.loc[k], 1.0).to_event(1))


class ClassPosterior(NormalPosterior):
    def __init__(self, shape):
        super().__init__(MLPEncoder(shape, (8,)), 4)
        self.classifier = nn.Linear(8, 3)

    def forward(self, x, y=None, labelled=None):
        classify("y", dist.Categorical(logits=self.classifier(self.encoder(x))), y, labelled)
        return super().forward(x)


PAIRS = {
    "compose, a horseshoe": lambda data: zoo.compose(data, prior=Horseshoe(dim=4)),
    "compose, a latent of the data set": lambda data: zoo.compose(data, prior=Families(classes=3, dim=4)),
    "class_vsc": lambda data: zoo.class_vsc(data, separation=0.5),
    "vae": zoo.vae,
    "beta_vae": lambda data: zoo.beta_vae(data, beta=Ramp(0, 4)),
    "vsc": zoo.vsc,
    "vsc, class-consistent": lambda data: zoo.vsc(data, consistency=3.0, slab=Ramp(0, 1)),
    "vsc, hard": lambda data: zoo.vsc(data, relaxed=False, consistency=Ramp(0, 3)),
    "vsc, pseudo-inputs": lambda data: zoo.vsc(data, prior="pseudo-inputs", pseudo_inputs=4, consistency=3.0),
    "vsc, classes kept apart": lambda data: zoo.vsc(data, separation=1.0, factors=[AllSampleConsistency(3.0)]),
    "vsc, mixture": lambda data: zoo.vsc(data, prior="pseudo-inputs", pseudo_inputs=4, selector="variational"),
    "vae, recurrent": lambda data: zoo.vae(data, network="recurrent", hidden=(8,), likelihood="normal"),
    "ccvae": zoo.ccvae,
    "ccvae, attributes": lambda data: zoo.ccvae(attributed(data), gradients="exact", alpha=Ramp(0, 1)),
    "ccvae, sparse style": lambda data: zoo.ccvae(data, block=2, style_prior="spike-and-slab", consistency=3.0),
    "ccvae, official": lambda data: zoo.ccvae(attributed(data), gradients="official", draws=10, alpha=0),
    "ccvae, tilted": lambda data: zoo.ccvae(attributed(data)),
    "diva": zoo.diva,
    "m2": zoo.m2,
    "m2, attributes": lambda data: zoo.m2(attributed(data)),
    "m2, drawn labels": lambda data: zoo.m2(attributed(data), labels="relaxed"),
    "exon": lambda data: zoo.exon(data, supervision=2.0),
    "exon, enumerated": lambda data: zoo.exon(data, draw="enumerated", clamp=True, temperature=Ramp(1, 0.5)),
    "exon, interpolated": lambda data: zoo.exon(data, interpolation=5.0, augmentation="digits", classifier="small"),
    "exon, lagging teacher": lambda data: zoo.exon(
        data, dim=3, learned=True, factors=[Interpolation(5.0, lag=0.9, nearest=True, codes=0.1)]
    ),
    "shot_vae": lambda data: zoo.shot_vae(data, supervision=Ramp(0, 2)),
    "shot_vae, clamped": lambda data: zoo.shot_vae(
        data, smoothing=0.0, classifier="head", nearest=False, kl_weight=Ramp(0, 1)
    ),
    "mvae": zoo.mvae,
    "mvae, attributes": lambda data: zoo.mvae(attributed(data), label_weight=Ramp(1, 5)),
    "composed": lambda data: zoo.compose(data, prior=ClassPrior(), posterior=ClassPosterior),
}
ATTRIBUTED = {name for name in PAIRS if "attributes" in name} | {"ccvae, official", "ccvae, tilted", "m2, drawn labels"}


def attributed(data):
    """A data set of the same shape whose classes are attributes."""
    return type("Attributed", (data,), {"attributes": True})


def labels_of(name, y):
    """Classes ``[B]`` as the pair of that name takes them: one-hot where it is for attributes; NaN stays NaN."""
    return 1 - (y[:, None] - torch.arange(3, device=y.device)).abs().clamp(max=1) if name in ATTRIBUTED else y
