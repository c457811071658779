# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Which dimensions matter?
#
# A trained autoencoder has as many latent dimensions as it was given, and most of them say nothing. This notebook ranks
# them by what they tell about the image, $I(x; z_j)$, counted exactly; checks the ruler where the answer is known; asks
# which true factors of drawn faces were found; and decodes faces from only the dimensions that tell most.
#
# The ranking is Liu et al.'s (arXiv 1809.01804), who put one Normal in the place of the aggregate posterior
# $\bar q(z_j) = \frac1N \sum_n q(z_j | x_n)$. Here the aggregate itself is integrated.

# %%
# %matplotlib inline
import tempfile
from pathlib import Path

import numpy as np
import torch
from torch.distributions import Normal

import pellucid
from pellucid import diagnostics, zoo
from pellucid.diagnostics import figures
from pellucid.schedules import Cosine

torch.set_num_threads(1)  # small matrices: more threads only wait for one another

# %% [markdown]
# ## The ruler, where the answer is known
#
# First no autoencoder at all: 2 000 codes of our own making. A *side* is $-1$ or $1$, told without doubt; a *far side*
# is the same at 4 and 6; a *place* is spread like the prior; and a *constant* lies at 3 and tells nothing. Whatever
# else is true of a side, it holds $\log 2 = 0.693$ nats. For a place the answer is that of a Gaussian channel of
# variances $1$ and $0.5^2$: $\frac12 \log (1 + 1/0.5^2) = 0.805$.

# %%
torch.manual_seed(0)
side = torch.arange(2000) % 2 * 2.0 - 1
known = {
    "side": (side, 0.05, np.log(2)),
    "far side": (5 + side, 0.05, np.log(2)),
    "place": (torch.randn(2000), 0.5, np.log(5) / 2),
    "constant": (torch.full((2000,), 3.0), 0.5, 0.0),
}
made = Normal(
    torch.stack([loc for loc, _, _ in known.values()], 1), torch.tensor([scale for _, scale, _ in known.values()])
).expand((2000, len(known)))
exact = diagnostics.mutual_information(made)
one_normal = diagnostics.mutual_information(made, method="gaussian").value
print("            truth     counted exactly    one Normal    nats")
for j, (name, (_, _, truth)) in enumerate(known.items()):
    print(f"{name:9s} {truth:7.3f}   {exact.value[j]:7.3f} ± {exact.standard_error[j]:.3f} {one_normal[j]:13.3f}")

# %% [markdown]
# One Normal in place of the aggregate gives an upper bound. It is near the truth where codes are spread like a Normal
# about zero, and nowhere else: a constant, which tells nothing, gets more than twice the nats of a place. The error
# beside an exact value is that of other rows of the same kind, not of the counting.
#
# Now a code that was learned. `data.manifold` draws images from a fixed smooth map of a known number of factors. How
# many of 16 dimensions tell more than 0.05 nats?


# %%
def train(data: pellucid.data.DataSet, **pair) -> pellucid.inference.Run:
    torch.manual_seed(0)
    folder = Path(tempfile.mkdtemp()) / "beta_vae"
    pair = zoo.beta_vae(data, hidden=(200,), **pair)
    return pellucid.fit(pair, data, epochs=20, batch_size=50, lr=Cosine(3e-3, 1e-4), folder=folder, progress=False)


for dim in (2, 4):
    run = train(pellucid.data.manifold(dim=dim, rows=3000), beta=1.0, dim=16, likelihood="normal")
    found = diagnostics.mutual_information(run.posterior("test")["z"])
    first = ", ".join(f"{found.value[j]:.2f}" for j in diagnostics.influential(found, k=dim + 1))
    print(
        f"{dim} factors: {len(diagnostics.influential(found))} informative dimensions; the first ones tell {first} nats"
    )

# %% [markdown]
# ## Faces
#
# `data.smiley` draws faces that may have a bow tie, a hat, eyes and a mouth, each with factors of its own: 4 attributes
# and 18 factors, all known, none of them shown to the model. The posterior is a torch distribution over the 2 000 test
# faces; everything below takes that distribution, or arrays, and would take those of anyone's autoencoder.

# %%
faces = pellucid.data.smiley(rows=4000, validation=500, test=2000)
run = train(faces, beta=4.0, dim=24, likelihood="normal")
q = run.posterior("test")["z"]
found = diagnostics.mutual_information(q)
top = diagnostics.influential(found)
print(f"{len(top)} of {len(found.value)} dimensions tell more than {diagnostics.INFORMATIVE} nats, the best {top[:5]}")

# %% [markdown]
# What a dimension is paid for is its KL from the prior. That splits, exactly, into the information and a misfit of the
# aggregate. The two columns on the right are computed apart; the last line is what is missing between them and the
# left.

# %%
print(diagnostics.sparsity_identity(q))

# %% [markdown]
# ## Which true factors were found?
#
# Each factor is assigned one dimension of its own. It counts as found if the dimension tells a tenth of its entropy and
# more than any dimension does when the rows are put in another order. A factor of the hat is asked about only where
# there is a hat.

# %%
test, truth = run.split("test"), faces.factors["test"]
values = torch.cat([test.y.float(), truth.values], 1)
active = torch.cat([torch.ones_like(test.y, dtype=torch.bool), truth.active], 1)
matched = diagnostics.match_factors(q.mean[:, top], values, (*faces.classes, *truth.names), active=active)
print(matched)

# %% [markdown]
# The column "dimension" counts in the order of information: 0 tells most. A found factor is told by its dimension, not
# told *alone*: the mutual information gap asks by how much the best dimension is ahead of the second, and it is small.

# %%
gap = diagnostics.mig(q.mean, values, active=active)
print(f"MIG {gap.score:.2f}, of 1")
nats = diagnostics.factor_information(q.mean[:, top], values, active=active)
for k in range(3):
    most = np.argsort(-nats[k])[:3]
    print(f"z{top[k]} tells most of " + ", ".join(f"{matched.names[f]} ({nats[k, f]:.2f} nats)" for f in most))

# %% [markdown]
# ## Only so many kept
#
# `keep_only` sets all other dimensions to zero. If the ranking is right, a few from its head should give most of the
# face, and all from its tail nothing: the same number of dimensions is taken from the two ends.

# %%
order = diagnostics.influential(found, k=24)
z = q.mean
print("kept   -log p(x | z), nats per face: the first    the last")
for k in (24, 10, 5, 3, 1, 0):
    first, last = (
        run.reconstruction(diagnostics.keep_only(z, chosen), test.x).mean()
        for chosen in (order[:k], order[len(order) - k :])
    )
    print(f"{k:4d}   {first:40.1f} {last:11.1f}")

# %%
ks = [24, 8, 5, 3, 2, 1, 0]
rows = [
    int((test.y == torch.tensor(has)).all(1).nonzero()[0])
    for has in ((1, 1, 1, 1), (0, 1, 1, 1), (1, 0, 1, 0), (0, 0, 1, 1))
]
kept = torch.stack([run.decode(diagnostics.keep_only(z[rows], order[:k])) for k in ks], 1)
figures.kept_grid(kept, ks, test.x[rows], title="Test faces, only the most informative dimensions kept")

# %% [markdown]
# ## All of it in one picture

# %%
told = np.stack([diagnostics.label_information(q, test.y[:, a]).value / np.log(2) for a in range(4)])
variance = (z.var(0) + q.variance.mean(0)).numpy()
figures.information_stem(
    found,
    variance=variance,
    specificity=told.max(0).clip(0, 1),
    pictures=diagnostics.drawn_by(run.decode, z),
    title="Faces: what each dimension tells of the image, and at most of one attribute",
)
