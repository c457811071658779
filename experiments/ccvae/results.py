"""The section of the results: tables, figures, and what they say."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ..body import Body
from ..cell import Cell
from ..measures import Measured
from ..study import Study
from .aim import aim_table, classifier_verdict, verdict
from .fractions import Sets, fractions, place, shown
from .panels import change_heatmap, draw_accuracy
from .pictures import (
    draw_diverse,
    draw_swaps,
    draw_traversals,
    draw_two_labels,
    draw_variance,
    pictured,
    told_most,
)
from .tables import (
    accuracy_table,
    block_swap_table,
    bound_table,
    calibration_table,
    class_table,
    diversity_table,
    extra_table,
    gradient_table,
    has_attributes,
    information_table,
    names,
    reference_table,
    selectivity_table,
    swap_table,
    titled,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["write_results"]

READING = """\
Mean ± half of the 95 % interval over seeds (Student's t); test rows, labels withheld from every guess and from the
bound on log p(x). A seed draws the weights, the batches and which training rows keep their labels, and of smiley and
mnist5k the rows themselves. f: the fraction of training rows that have their labels. *Accuracy* of attributes is the
mean over them. CCVAE is trained by four gradients: *exact*; *tilted*, by draws of the posterior given the labels
(binary ones only); *official*, as the reference code has it; *detached*, with the weight held constant. *+ alpha* is
with a further log q(y given x) of weight 10, a mean over the labelled rows, as DIVA and M2 weigh theirs; MVAE's labels
have the weight 10 in a sum over rows, 10 f by that measure. The *plain classifier* has the same encoder and as many
steps, all of them on labelled rows: of the others' batches of 50 at f = .004 some four in five hold no label at all.
-bound in nats an image, lower is better. Bold: above all others by the whole of both intervals."""

ACCURACY = """\
Beside imbalanced labels read the most frequent answer first: accuracy alone flatters whoever gives it."""

AIM = """\
Differences of runs of one seed. *Holds*: the bound is better by the whole of its interval, and accuracy not lower in
the mean; *within noise*: the same but for accuracy that is lower by less than its interval; *fails*: all else;
*undecided*: one seed. The bound is that on log p(x), which rows with labels do not train: at f = 1 read the joint bound
of the next tables beside it."""

BOUNDS = """\
In nats an image. -bound: of log p(x), labels withheld; -joint bound: of log p(x, y) of the same rows with their labels.
M2's and MVAE's are the bounds of other models, and none says how loose it is. Joint bounds of CCVAE are taken by
weighed draws, and hold their noise."""

CALIBRATION = """\
Log loss in nats a label. Calibration error: the mean distance of confidence from accuracy over 15 equal bins; *by
chance*: what so few rows make of it for a classifier whose confidence is right."""

SWAPS = """\
Fall of a separately trained classifier's log-probability, nats a row; 0 is perfect. *Style swap*, the source's: an
image with the characteristics of A and the style of B should have A's labels. *Block swap*: A takes one block from B
and should have that label of B's (*taken*, against B's own image) and the others of its own (*kept*); the mean over
blocks. A style that holds next to nothing costs nothing to swap: read the nats that it holds beside it. The classifier,
one for all seeds, learned from the training rows of seed 0, which on mnist5k hold some four fifths of the test images
of the other seeds: it judges all methods alike, and is no stranger to the images."""

SELECTIVITY = """\
One block at a time is taken from another row. *Share*, in per cent: the part of all change in the measured quantities,
in standard deviations of each, that falls on those of the block's own label; *chance*: that of a block that changes all
alike; *score*: the mean over blocks, one that changes nothing counting as 0. M2's block is the entry of the label
itself; MVAE's the direction of z that its label head reads. M2 is decoded at its probabilities, where it was trained on
zeros and ones."""

DIVERSITY = """\
Pixel variance, summed over the image, when the block of a label that is there is drawn anew from p(c given y) and the
rest kept. *In place*: the part of it in the pixels where the label can show; *chance*: how many of all pixels these
are. A block that says only whether a label is there, as M2's does, draws nothing."""

HOLDS = """\
Information of the image in each block, exact for these rows; of M2 in its label, of MVAE in the direction that the
label's head reads. With classes the blocks together, and the diversity of all drawn anew from p(c given y). MVAE's
directions are redrawn one by one."""

EXTRA = """\
One setting changed: the weight of the further log q(y given x) (*alpha=*), log q(y given x) by draws in the place of
quadrature (*draws=*), the dimensions of a block (*block=*), a spike-and-slab style (*sparse-style*)."""

GRADIENTS = """\
The encoder's gradients of all modes on one batch of labelled rows and one network, that of *exact*, at the start and at
the end of its training; beside the latter accuracy and -bound of the runs that were trained with each mode. *Noise*:
root mean square deviation of one draw's gradient, relative to the norm of the true mean (of many draws of *tilted*,
unbiased and the quietest). *Cosine*: of the mean gradient with that of log q(y given x); *coefficient*: how much of
that it contains, the hidden weight of the classifier. *Distance* of the mean from the true one, relative to its norm;
*floor*: what noise alone would make of it. *No baseline* is *exact* without one, and was not trained."""

PICTURES = """\
Swaps: each row keeps the characteristics of its A, each column the style of its B. Traversals run from one standard
deviation below the prior of an absent label to one above that of a present one. In the last two the block of each label
is drawn from p(c given y = 1)."""

UNTRAINED = "CelebA was not trained here: the accuracies that the source reports on it stand beside nothing of ours."
CELEBA = """\
The source's figures are those it reports, to the best of our knowledge, not read again: they are no gate."""

JUDGED, PICTURED = ("exact", "alpha", "tilted", "tilted+alpha"), ("tilted+alpha", "alpha", "exact")
HEATMAP = ("tilted+alpha", "alpha", "exact", "diva", "m2", "mvae")


def write_results(cells: Mapping[Cell, Measured], folder: Path, title: str) -> str:
    """Write the figures into a folder and return the section's Markdown.

    Args:
        cells: what was measured of each finished cell.
        folder: for the figures, which the text links to as ``figures/FOLDER/NAME.png``.
        title: of the section.
    """
    study = Study(cells)
    grid = fractions(study)
    body = Body(folder, title, READING)
    parts, told, picture = body.parts, body.told, body.picture

    def by_data(table: Callable[[Study, Sets], str | None]) -> dict[str, str | None]:
        """A table for each data set."""
        return {f"*{name}*": table(study, sets) for name, sets in grid.items()}

    def by_set(table: Callable[[Study, str], str | None], sets: Iterable[str]) -> dict[str, str | None]:
        """A table for each of some sets of the preset."""
        return {f"*{place(s)}*": table(study, s) for s in sets}

    looked = [s for sets in grid.values() for s in shown(sets).values()]
    attributed = [s for s in looked if has_attributes(study, s)]
    classed = [s for s in looked if not has_attributes(study, s)]

    told("### Accuracy against labels", by_data(accuracy_table), ACCURACY)
    if grid:
        picture("accuracy", draw_accuracy(study, grid), "Test accuracy against the fraction of labelled rows")
    if (sentence := classifier_verdict(study)) is not None:
        parts.append(sentence)
    verdicts = [sentence for method in JUDGED if (sentence := verdict(study, method)) is not None]
    told("#### The aim", {"": aim_table(study, JUDGED)}, "\n\n".join([*verdicts, AIM]))
    told("### Bounds", by_data(bound_table), BOUNDS)
    told("### Log loss and calibration", by_data(calibration_table), CALIBRATION)
    told("### Swaps", by_data(swap_table) | by_set(block_swap_table, looked), SWAPS)
    told("### What moving one block changes", by_set(selectivity_table, looked), SELECTIVITY)
    for name, sets in grid.items():
        picture(f"selectivity-{name}", draw_changes(study, sets), f"{name}: what moving each block changes")
    told("### What each block draws", by_set(diversity_table, attributed), DIVERSITY)
    told("### What each block holds, nats", by_set(information_table, attributed) | by_set(class_table, classed), HOLDS)
    told("### Gradients side by side", by_set(gradient_table, study.sets), GRADIENTS)
    told("### Further settings", by_set(extra_table, study.sets), EXTRA)
    drawn = {name: run for name, of in grid.items() if (run := looked_at(study, of)) is not None}
    if drawn:
        parts += ["### Pictures", PICTURES]
    for name, (s, method) in drawn.items():
        of = pictured(study, s, method)
        parts.append(f"*{place(s)}, {titled(method)}*")
        picture(f"swaps-{name}", draw_swaps(of), f"{name}: characteristics of A with the style of B")
        picture(f"walks-{name}", draw_traversals(of), f"{name}: each block from absent to present")
        if len(of.labels) > 1:
            picture(f"two-{name}", draw_two_labels(of, told_most(study, s, method)), f"{name}: two blocks at once")
        picture(f"diverse-{name}", draw_diverse(of), f"{name}: each label put on, drawn anew")
        picture(f"variance-{name}", draw_variance(of), f"{name}: where each block draws")
    told("### Beside the source", {"": reference_table(study, "celeba")}, CELEBA)
    return "\n\n".join(parts if "celeba" in grid else [*parts, UNTRAINED])


def looked_at(study: Study, sets: Sets) -> tuple[str, str] | None:
    """Set and method of the run that is looked at: of several labels, at f = .06 or the greatest there is."""
    runs = ((s, method) for s in preferred(sets) for method in PICTURED)
    return next(((s, method) for s, method in runs if study.values(s, method, "label accuracy")), None)


def preferred(sets: Sets) -> list[str]:
    """The set at f = .06, then the others from the greatest f."""
    return [sets[f] for f in sorted(sets, key=lambda f: (f != 0.06, -f))]


def draw_changes(study: Study, sets: Sets) -> "Figure | None":
    """What moving each block changes, by several methods, at f = .06 or the greatest there is; None if not measured."""
    for s in preferred(sets):
        found = {m: study.mean(s, m, "selectivity", "change") for m in HEATMAP}
        panels = {m: change for m, change in found.items() if change is not None}
        if panels:
            first = next((m for m in PICTURED if m in panels), None)
            panels = {m: change for m, change in panels.items() if m == first or m not in PICTURED}
            quantities, own = (
                next(iter(study.values(s, next(iter(panels)), "selectivity", key).values()))
                for key in ("quantities", "own")
            )
            title = f"{place(s)}: what moving one block changes"
            named = {titled(method): change for method, change in panels.items()}
            return change_heatmap(named, names(study, s), quantities, own, title=title)
    return None
