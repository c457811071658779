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
# # What does a block of the code do?
#
# A classifier says that there is a hat. CCVAE (Joy et al., ICLR 2021) reads every label off a block of the code of its
# own, and draws the block from a prior that the label chooses: the block should hold *how* the hat looks, and nothing
# else should. Whether that is so is asked by intervening: exchange a block between two faces, draw it anew, move it
# from absent to present, and measure what changes in the image, and what does not.
#
# One training row in five has labels. Everything after the training takes arrays and callables only: codes, a decoder,
# the dimensions of a block.

# %%
# %matplotlib inline
import tempfile
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits

import pellucid
from pellucid import diagnostics, zoo
from pellucid.diagnostics import figures
from pellucid.schedules import Cosine

torch.set_num_threads(1)  # small matrices: more threads only wait for one another
faces = pellucid.data.smiley(rows=3000, labels=0.2, validation=500, test=1000)
torch.manual_seed(0)
run = pellucid.fit(
    zoo.ccvae(faces, style=16, block=2, hidden=(200,), likelihood="normal"),
    faces,
    epochs=20,
    batch_size=50,
    lr=Cosine(3e-3, 1e-4),
    folder=Path(tempfile.mkdtemp()) / "ccvae",
    progress=False,
)
run

# %% [markdown]
# A code is the posterior mean: blocks of the four labels first, then the style. `prior.blocks` says which dimensions
# are whose.

# %%
test, prior = run.split("test"), run.pair.model.prior
q = run.posterior("test")
code = torch.cat([q["c"].mean, q["z"].mean], -1)  # [1000, 8 + 16]
blocks = dict(zip(faces.classes, prior.blocks, strict=True))
accuracy = ((q["y"].mean > 0.5) == test.y).float().mean(0)
for a, (name, block) in enumerate(blocks.items()):
    print(f"{name:7s} block {block}, told rightly of {100 * accuracy[a]:.1f} % of the test faces")

# %% [markdown]
# ## A judge
#
# What the model thinks of its own images is no evidence. A separate network is trained on the training faces with all
# their labels and true factors, and is never shown a drawn image. It says which attributes an image has, and how each
# of the 18 factors of their shape stands.


# %%
class Judge(nn.Module):
    """Tells attributes, and of those that are there the factors, in standard deviations."""

    def __init__(self, pixels: int, attributes: int, owner: list[int]):
        super().__init__()
        self.attributes, self.owner = attributes, owner
        outputs = attributes + len(owner)
        self.network = nn.Sequential(nn.Flatten(), nn.Linear(pixels, 200), nn.ReLU(), nn.Linear(200, outputs))

    def forward(self, images: torch.Tensor | np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
        """Logits [N, 4] and factors [N, 18]."""
        return self.network(torch.as_tensor(images)).split([self.attributes, len(self.owner)], -1)

    @torch.no_grad()
    def read(self, images: np.ndarray) -> torch.Tensor:
        """How surely each attribute is there, and how far each factor shows, [N, 4 + 18]."""
        logits, factors = self(images)
        return torch.cat([logits.sigmoid(), factors * logits.sigmoid()[:, self.owner]], -1)

    @torch.no_grad()
    def log_prob(self, images: np.ndarray, y: torch.Tensor) -> torch.Tensor:
        """What it thinks of labels, in nats, [N, 4]."""
        return -binary_cross_entropy_with_logits(self(images)[0], y.float(), reduction="none")


truth = faces.factors["train"]
mean, spread = truth.values.mean(0), truth.values.std(0)
owner = [next(a for a, name in enumerate(faces.classes) if factor.startswith(name)) for factor in truth.names]
train = run.split("train")

torch.manual_seed(1)
judge = Judge(train.x[0].numel(), len(faces.classes), owner)
optimiser = torch.optim.Adam(judge.parameters(), 1e-3)
for _ in range(1500):
    rows = torch.randint(len(train.x), (100,))
    logits, factors = judge(train.x[rows])
    wrong = (factors - (truth.values[rows] - mean) / spread)[truth.active[rows]]
    loss = binary_cross_entropy_with_logits(logits, train.y[rows].float()) + wrong.square().mean()
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()

before = run.decode(code)
seen = faces.factors["test"]
left = ((judge(test.x)[1] - (seen.values - mean) / spread)[seen.active]).square().mean()
print(
    f"attributes of test faces told rightly: {100 * ((judge.read(test.x)[:, :4] > 0.5) == test.y).float().mean():.1f} %"
)
print(
    f"of their reconstructions:              {100 * ((judge.read(before)[:, :4] > 0.5) == test.y).float().mean():.1f} %"
)
print(f"share of the factors' variance that it tells of test faces: {1 - left:.2f}")

# %% [markdown]
# ## Swaps
#
# `swap` decodes every face with one block of a partner's code. Its columns are pairs of faces, A above B, then A with
# each block of B. Below a hat of B's only the hat should change, to B's, or away.

# %%
partner = torch.randperm(len(code), generator=torch.Generator().manual_seed(0))
swapped = {name: diagnostics.swap(run.decode, code, block, partner) for name, block in blocks.items()}
shown = range(9)
figures.swap_grid(
    before[shown],
    before[partner][shown],
    {name: images[shown] for name, images in swapped.items()},
    title="Test faces A with one block of B's code",
)

# %% [markdown]
# ## What moved, and was it meant to?
#
# For each block: how much of the judge's reading changes when it alone is swapped, summed over an attribute's own
# quantities (its presence and its factors) in standard deviations over real test faces; and what share of all the
# change falls on the block's own attribute.

# %%
own = [*range(4), *owner]
moved = diagnostics.intervention_selectivity(judge.read, before, swapped.values(), own, judge.read(test.x).std(0))
print("        change of what is read of the                 share of its own   by chance")
print("block  " + "".join(f"{name:>10}" for name in blocks))
for k, name in enumerate(blocks):
    change = [moved.change[k, np.array(own) == a].sum() for a in range(4)]
    print(f"{name:7s}" + "".join(f"{c:10.2f}" for c in change), end="")
    print(f"{moved.share[k]:12.2f} ± {moved.share_error[k]:.2f} {moved.chance[k]:11.2f}")
print(f"mean share {moved.score:.2f} ± {moved.score_error:.2f}")

# %% [markdown]
# Most of what a block changes is its own, and not all of it: with this seed the bow tie's block leaks most, into the
# hat. The share is silent on whether a label survives. The cost of a swap tells: what the judge thinks less of a face's
# own labels when the *style* is another's, which should be nothing.

# %%
style = range(len(blocks) * 2, code.shape[1])
restyled = diagnostics.swap(run.decode, code, style, partner)
everything = diagnostics.swap(run.decode, code, range(code.shape[1]), partner)
for what, images in (("style", restyled), ("whole code", everything)):
    cost = diagnostics.swap_cost(lambda images: judge.log_prob(images, test.y), before, images)
    total, *each = (round(nats, 2) + 0.0 for nats in (cost.total, *cost.label))
    by_label = ", ".join(f"{name} {nats:.2f}" for name, nats in zip(blocks, each, strict=True))
    print(f"{what:10s} of another face: {total:5.2f} ± {cost.total_error:.2f} nats a face ({by_label});")
    print(f"{'':28s} pixels change by {np.square(images - before.numpy()).sum((1, 2, 3)).mean():.2f} squared")

# %% [markdown]
# The whole code is the scale: what it costs, and changes, when labels and all are another face's. A style that costs
# nothing may also hold nothing; the pixels tell how much it does.
#
# ## Ways to have a hat
#
# A label that is only *told* by its block has one way of being there. The block is drawn anew from its prior given that
# the label is there, $p(c_i | y_i = 1)$, and everything else is kept. `variance_map` says in which pixels the draws
# differ, and `diversity` sums them.

# %%
with torch.no_grad():
    given = {there: prior.conditional(torch.full((1, 4), float(there))).base_dist for there in (0, 1)}
maps = {}
for a, (name, block) in enumerate(blocks.items()):
    chosen = (test.y[:, a] == 1).nonzero().squeeze(1)[:100]
    torch.manual_seed(0)
    draws = given[1].sample((200,))[..., block]  # [200, 1, 2]
    found = diagnostics.variance_map(run.decode, code[chosen], block, draws)
    print(f"{name:7s} diversity {found.diversity:5.2f} ± {found.standard_error:.2f} pixels squared")
    maps[name] = diagnostics.variance_map(run.decode, code[shown], block, draws).variance
figures.variance_grid(before[shown], maps, title="Where each block draws: spread of the pixels over draws of the block")

# %% [markdown]
# ## Two labels at once
#
# From one conditional prior's mean to the other's, for two blocks together. If the blocks keep to themselves, every row
# has the same ties and every column the same hats. The start is a test face; the corners are the four combinations,
# whether or not the face had them.


# %%
def between(name: str, steps: int = 7) -> torch.Tensor:
    """Values of a block, [steps, 2], from the label's absence to its presence."""
    a, b = (given[there].loc[0, blocks[name]] for there in (0, 1))
    return torch.lerp(a, b, torch.linspace(0, 1, steps)[:, None])


down, across = "hat", "bow tie"
start = int(((test.y[:, 2] == 1) & (test.y[:, 3] == 1)).nonzero()[0])
with torch.no_grad():
    images = diagnostics.traverse_grid(
        run.decode, code[start], (blocks[down], blocks[across]), between(down), between(across)
    )
ends = ["absent", *[""] * 5, "present"]
figures.two_label_grid(images, ends, ends, (down, across), title=f"One face: {down} and {across} put on")
