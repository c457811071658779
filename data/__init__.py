"""Data sets with their labels, splits and true factors, and the batches that training draws from them."""

from .augmentation import Augmentation, augmentation_named
from .batch import Batch
from .batches import Batches
from .bundled import digits, mnist5k
from .celebrities import CelebrityFaces, celeba
from .celebrity_attributes import CHARACTERISTICS
from .cifar import cifar10
from .dataset import DataSet, Factors, Split, rows_of
from .emotion import deap
from .faces import draw_faces
from .frequencies import label_counts, label_frequencies
from .labels import label_mask
from .manifold import manifold
from .measured import measured, shape_attributes
from .mnist_like import fashion_mnist, mnist
from .named import named_labels
from .recipe import recorded
from .shapes import measure_shapes
from .street_numbers import svhn
from .synthetic import smiley

__all__ = [
    "CHARACTERISTICS",
    "Augmentation",
    "Batch",
    "Batches",
    "CelebrityFaces",
    "DataSet",
    "Factors",
    "Split",
    "augmentation_named",
    "celeba",
    "cifar10",
    "deap",
    "digits",
    "draw_faces",
    "fashion_mnist",
    "label_counts",
    "label_frequencies",
    "label_mask",
    "manifold",
    "measure_shapes",
    "measured",
    "mnist",
    "mnist5k",
    "named_labels",
    "recorded",
    "rows_of",
    "shape_attributes",
    "smiley",
    "svhn",
]
