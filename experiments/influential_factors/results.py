"""The section of the results: tables, figures, and what they say."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ..body import Body
from ..cell import Cell
from ..measures import Measured
from ..study import Study
from .estimators import side_by_side
from .inversions import inversions
from .panels import draw_aggregates, draw_counts, draw_estimators
from .pictures import (
    draw_accuracy,
    draw_generation,
    draw_reconstructions,
    draw_scatter,
    draw_stem,
    draw_traversals,
)
from .tables import (
    accuracy_table,
    disentanglement_table,
    emotion_table,
    error_table,
    estimator_table,
    factor_table,
    inversion_table,
    known_dimension_table,
    spectrum_table,
    worst_table,
)
from .variants import main, with_figure

if TYPE_CHECKING:
    pass

__all__ = ["write_results"]

READING = """\
Mean ± half of the 95 % interval over seeds (Student's t). Information in nats, I(x; z_j) of training rows (at most the
first 10 000) and one dimension, exact for these rows; *the paper's* is the estimator of Liu et al., which puts one
zero-mean Normal in the place of the aggregate posterior, *about the mean* the same with the aggregate's own mean.
*Informative*: above .05 nats. *Used*: informative, and holding it at its mean costs more than .1 nats of
reconstruction. *Active units*: Var E[z_j given x] above .01. Dimensions are ranked on training rows; accuracies, errors
and bounds are those of test rows. -ELBO in nats per image, without beta, which weighs the KL against log p(x given z)
summed over pixels, Normal with one learned scale. *First* and *last*: the largest information, and the smallest above
.05 nats; the source's, and its sum, are by its own estimator. It shows marginal variances that are flat over used and
unused dimensions: here those of informative ones are larger. Seeds are those of the weights and batches; a data set
with known factors is drawn once. The source trained 50 000 steps on 50 000 rows of MNIST; the desk preset trains far
fewer, and **mnist5k is not MNIST** but 5 000 rows of it: figures of the source stand beside ours for the shape of the
curve, not for its height."""

ACCURACY = """\
*Zeroed*, the source's experiment: one classifier (one hidden layer) of all the encoder's means; on test rows the means
of all but the kept dimensions are set to zero. *Refit*: a classifier trained anew on the kept means. *Random*: the mean
of 3 draws of dimensions. *Top by the paper's*: ranked by its estimator. A mean is a function of the image and may tell
more than a draw of its posterior does: the means of dimensions that tell next to nothing, refit, still tell the class.
The information, and with it Fano's bound, speaks of draws, and so only *refit on draws* stands beside its ceiling. Of
ten equal classes the bound leaves something open below log 10 - log 2 = 1.61 nats only: a single top dimension tells
more."""

ESTIMATORS = """\
One trait t of N(0, 1), coded in four ways: as it is; as the tenth it lies in; as its sign; as it is, far from zero.
Of 10 000 rows what each indicator says, with its rank of the four in brackets; the truth is an integral over the
aggregate of all traits. Beside it what a reader can do who sees one draw of the dimension: tell the tenth that the
trait lies in, and pick the right row among a hundred (chance: 10 and 1)."""

WRONG = """\
Pairs of informative dimensions of one run whose exact informations differ by more than three standard errors, summed
over seeds, and how many of them each other indicator puts the other way round. Beneath: the clearest pairs of the
paper's estimator, one a run, the dimension that tells more first; *right row of 100*: how often a draw of that one
dimension points out its row among a hundred; *class told*, where rows have one: the best reader of one draw. A task
need not order two dimensions as nats do. Sparse codes have no such estimator."""

KNOWN = """\
Images of exactly so many independent factors, by a fixed smooth map, with noise (`pellucid.data.manifold`)."""

TRUTH = """\
MIG, SAP, modularity and DCI of the posterior means on test rows. *Found*: informative dimensions are assigned to
factors one to one; a factor is found if its dimension tells a tenth of its entropy, and more than any dimension tells
of it by chance (`match_factors`). A factor of an attribute counts on the rows that have the attribute. In the table of
factors: the share of its entropy that its dimension tells, the mean over the seeds in which it was given one (– in
none); bold where some seed found it, with that dimension's rank by information, seed by seed."""


WAVES = """\
Logistic regression of a rating above 5 on the means of the dimensions kept: row by row, and trial by trial by the vote
of its rows. Dimensions are ranked without labels. The factors are the
ratings, the person, the clip and the second; a rating is one of them for the whole trial."""


def write_results(cells: Mapping[Cell, Measured], folder: Path, title: str) -> str:
    """Write the figures into a folder and return the section's Markdown.

    Args:
        cells: what was measured of each finished cell.
        folder: for the figures, which the text links to as ``figures/FOLDER/NAME.png``.
        title: of the section.
    """
    study = Study(cells)
    body = Body(folder, title, READING)
    parts, picture = body.parts, body.picture

    parts += ["### Where the paper's estimator ranks wrongly", verdict(), ESTIMATORS, estimator_table()]
    picture("aggregates", draw_aggregates(), "One trait in four codings: the aggregate, and the Normal in its place")
    picture("estimators", draw_estimators(), "Every estimator against the number of rows, with the truth")
    waves = with_figure(study, study.sets, "emotion")
    known = [s for s in with_figure(study, study.sets, "truth") if s not in waves]
    if study.sets:
        parts += ["#### In trained runs", WRONG, inversion_table(study)]
        parts += [table] if (table := worst_table(study)) is not None else []
    for s in known:
        if (run := most_inverted(study, s)) is not None:
            picture(f"scatter-{s}", draw_scatter(study, s, *run), f"{s}: estimates against the exact values")

    images = [s for s in study.sets if s not in (*known, *waves)]
    for s in images:
        variant = main(study, s)
        parts += [f"### {s}: the spectrum", spectrum_table(study, s)]
        picture(f"stem-{s}", draw_stem(study, s, variant), f"{s}: information of each dimension over its variance")
        picture(f"walks-{s}", draw_traversals(study, s, variant), f"{s}: the top dimensions moved, and a dead one")
        if study.values(s, variant, "accuracy"):
            parts += [f"### {s}: accuracy from the dimensions kept, %", ACCURACY, accuracy_table(study, s)]
            for kind in ("zeroed", "refit"):
                picture(f"accuracy-{kind}-{s}", draw_accuracy(study, s, variant, kind), f"{s}: accuracy, {kind}")
        picture(f"kept-{s}", draw_reconstructions(study, s, variant), f"{s}: test rows from the top dimensions")
        picture(f"drawn-{s}", draw_generation(study, s, variant), f"{s}: draws of the prior from the top dimensions")
    if images:
        parts += ["### Error of a pixel, the rest zeroed", error_table(study, images)]
    if (figure := draw_counts(study, study.sets)) is not None:
        parts.append("### Informative dimensions against H and beta")
        picture("counts", figure, "Informative, used and active dimensions against H and against beta")
    pure = [s for s in known if study.config(s, main(study, s))["data"]["class_path"].endswith(".manifold")]
    if pure:
        parts += ["### Data of known dimension", KNOWN, known_dimension_table(study, pure)]
    if known:
        parts += ["### Against the true factors", TRUTH, disentanglement_table(study, known)]
    for s in (s for s in known if s not in pure):
        parts += [f"#### {s}: which factors were found", factor_table(study, s)]
        picture(f"stem-{s}", draw_stem(study, s, main(study, s)), f"{s}: information of each dimension")
        picture(f"walks-{s}", draw_traversals(study, s, main(study, s)), f"{s}: the top dimensions moved")
    for s in waves:
        parts += [f"### {s}: what was felt, %", WAVES, spectrum_table(study, s), emotion_table(study, s)]
        parts += [disentanglement_table(study, [s]), factor_table(study, s)]
        picture(f"stem-{s}", draw_stem(study, s, main(study, s)), f"{s}: information of each dimension")
    return "\n\n".join(parts)


def most_inverted(study: Study, set_name: str) -> tuple[str, int] | None:
    """Variant and seed of the run of which the paper's estimator puts the most pairs in the wrong order, if any."""
    wrong = {
        (variant, seed): inversions(measured.figures).wrong
        for variant in study.variants(set_name)
        for seed, measured in study.of(set_name, variant).items()
        if "gaussian" in measured.figures
    }
    worst = max(wrong, key=lambda run: wrong[run], default=None)
    return worst if worst is not None and wrong[worst] else None


def verdict() -> str:
    """The one clear case, in a sentence."""
    found = side_by_side()
    whole = found["unimodal"]
    less = {name: found[name] for name in ("two clusters", "shifted")}
    told = " and ".join(f"{of['gaussian']:.2f} to *{name}*" for name, of in less.items())
    truly = " and ".join(f"{of['truth']:.2f}" for of in less.values())
    reader = " and ".join(f"{100 * of['class']:.0f} %" for of in less.values())
    return (
        f"The paper's estimator gives {told}, and {whole['gaussian']:.2f} to *unimodal*, which it puts below both. In "
        f"truth they tell {truly}, and *unimodal* {whole['truth']:.2f}; the exact estimate says so. A reader bears it "
        f"out: he tells the tenth of the trait in {reader} of the rows, and from *unimodal* in "
        f"{100 * whole['class']:.0f} %."
    )
