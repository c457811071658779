"""Figures from the source, which ours stand beside."""

__all__ = ["ACCURACY", "ACTIVE", "GENERATED", "STEPS"]

ACCURACY = {
    128: 98.06,
    64: 97.83,
    13: 93.13,
    9: 85.53,
    7: 78.41,
    6: 75.02,
    4: 51.93,
    3: 35.71,
    2: 26.47,
    0: 10.09,
}
"""Test accuracy in per cent of one classifier of the encoder's means, by the number of dimensions kept: MNIST, H = 128,
beta = 6, 100 epochs of 50 000 rows. Liu et al. (arXiv 1809.01804)."""

ACTIVE = {"dimensions": 15, "highest": 3.33, "lowest": 1.25, "sum": 33.0}
"""Dimensions above zero, the information of the first and of the last, and of all, in nats, by the source's estimator
at the same setting."""

GENERATED = (128, 24, 12, 8, 6, 4, 3, 2, 1, 0)
"""How many dimensions the source keeps where it generates."""

STEPS = tuple(round(-3 + 0.6 * step, 1) for step in range(10))
"""Values of a dimension in the source's traversals: -3 to 2.4 in steps of .6."""
