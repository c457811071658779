"""The classifier that the labels alone would make: the encoder of a pair, trained on labelled rows only."""

from typing import Any

import torch
from torch import Tensor, nn

from ...data import Batches, rows_of
from ...data.kept import kept_labels
from ...inference import Run
from ...zoo.parts import networks
from .accuracy import of_logits
from .oracle import label_loss

__all__ = ["plain_classifier"]


def plain_classifier(run: Run, x: Tensor) -> Tensor:
    """Log-probabilities ``[N, G, V]`` of the labels of images, by a plain classifier.

    It has the encoder of the run's pair with fresh weights and a linear head, and is trained by as many steps of Adam
    at the same rate, on batches of the same size or of all labelled rows if there are fewer.

    Args:
        run: of a pair of the zoo on a data set in memory.
        x: ``[N, C, H, W]``.

    Raises:
        ValueError: if no training row has all its labels, or the pair was put together by hand.
    """
    rows, pair, device = labelled_rows(run), run.pair.recipe, run.pair.device
    if pair is None:
        raise ValueError(
            "measure: the pair was put together by hand, so its encoder cannot be built again.\n"
            "Try one of:\n- a pair of pellucid.zoo"
        )
    given, settings = pair["init_args"], run.config["fit"]
    labels, shape = len(run.data.classes), run.data.shape
    kind, hidden = given.get("network", "mlp"), given.get("hidden", (400,))
    size = min(settings["batch_size"], rows_of(rows))
    steps = settings["epochs"] * (run.data.n_data // settings["batch_size"])
    with torch.random.fork_rng([]), torch.enable_grad():
        torch.manual_seed(settings["seed"])
        encoder: Any = networks(kind, shape, labels, hidden, given.get("channels"))[0]
        network = nn.Sequential(encoder, nn.Linear(encoder.out_features, labels)).to(device)
        optimiser = torch.optim.Adam(network.parameters(), lr=settings["lr"] or 1e-3, fused=True)
        batches = Batches(rows, size, shuffle=True, drop_last=True, seed=settings["seed"], device=device)
        for step in range(steps):
            if step % len(batches) == 0:
                epoch = batches.epoch(step // len(batches))
            batch = next(epoch)
            optimiser.zero_grad()
            label_loss(network(batch.x), batch.y, run.data.attributes).backward()
            optimiser.step()
    with torch.no_grad():
        logits = torch.cat([network(part.to(device)).cpu() for part in x.split(1000)])
    return of_logits(logits, attributes=run.data.attributes)


def labelled_rows(run: Run) -> Any:
    """The training rows of which all labels are known."""
    kept = kept_labels(run.data.train)
    known: Any = None if kept is None else kept[1]
    if known is None:
        return run.data.train
    whole = known.reshape(len(known), -1).all(1)
    if not whole.any():
        raise ValueError(
            f"measure: no training row of {run.data.name} has all its labels, and a plain classifier needs some.\n"
            "Try one of:\n- labels=0.06"
        )
    train: Any = run.data.train
    if hasattr(train, "take"):
        return train.take(whole)
    return torch.utils.data.Subset(train, whole.nonzero().squeeze(1).tolist())
