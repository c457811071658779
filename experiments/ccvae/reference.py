"""Figures from the source, which ours stand beside."""

__all__ = ["ACCURACY"]

ACCURACY = {
    "CCVAE": {0.004: 0.832, 0.06: 0.862, 0.2: 0.878, 1.0: 0.900},
    "M2": {0.004: 0.794, 0.06: 0.862, 0.2: 0.877, 1.0: 0.893},
    "DIVA": {0.004: 0.807, 0.06: 0.860, 0.2: 0.867, 1.0: 0.877},
    "MVAE": {0.004: 0.793, 0.06: 0.828, 0.2: 0.847, 1.0: 0.864},
}
"""Test accuracy on CelebA, mean over 18 attributes, by method and fraction of labelled rows; to the best of our
knowledge, and not read again. Joy et al. (ICLR 2021)."""
