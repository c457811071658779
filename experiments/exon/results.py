"""The section of the results: tables, figures, and what they say."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ..body import Body
from ..cell import Cell
from ..measures import Measured
from ..study import Study
from .aim import JUDGED, active_verdict, verdict
from .panels import draw_active, draw_betas
from .pictures import draw_bars, draw_lines, draw_planes, draw_varied
from .tables import ablation_table, active_table, beta_table, design_table, photo_table, rival_table
from .variants import betas, place, radii, written

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["write_results"]

READING = """\
Mean ± half of the 95 % interval over seeds (Student's t); test rows, labels withheld. A seed draws the weights, the
batches and which training rows keep their labels, and of mnist5k the rows themselves. *Error*: of the most probable
class. *KL1*, *KL2*: divergences of the class, and of the code given the class, nats a row. *Reconstruction*: half the
squared error of the image redrawn at the mean code of the most probable class. Pixels here are in [0, 1]: **beta and
squared errors are told in the source's units, of pixels in [-1, 1], four times ours**."""

BETA = """\
D = 2, ten centres on a circle, four standard deviations apart. *Diversity*: half of one minus the mean structural
similarity of 20 000 pairs among 31 x 31 images decoded over the square that holds the centres, here [-15, 15].
**mnist5k is not MNIST**: it has 4000 training rows in the place of 60 000 and 900 test rows in the place of 10 000, and
trains for fewer steps. The source's figures, one run a row, show where to look, and are no gate."""

RIVALS = """\
The same labels, batches and number of steps for all. EXoN at beta 1, fixed beforehand. *Errors saved*: the share of
the plain classifier's errors that a method does not make, by runs of one seed. EXoN, SHOT-VAE and the three
classifiers have the same network for a classifier, with weight decay, a falling learning rate and a teacher of lag .9.
M2 and DIVA tell labels by a layer on their encoders, with a cross-entropy of weight 10 beside Bernoulli pixels, and
see no mixed or moved image, but for *M2 with interpolation*, which takes the loss factor of EXoN at weight 100; none
of it was tuned. Labelled rows are also taught as they are, but for *SHOT-VAE, labels mixed only*, as its source has
it; that SHOT-VAE was to have them was seen on validation rows of one other seed. Its ramp ends at .4 of training,
EXoN's at .1. Digits are turned and moved, clothes moved and mirrored. *Augmentation alone*: labelled rows are hardly
mixed; those without label teach nothing but the statistics of the batch normalisation. *Interpolation alone*: all that
teaches EXoN's classifier, without the autoencoder. Rows without label are those of the batch whose label is not kept;
the source hides the others'. KL2 is that of all sites but the class; EXoN's code has 2 dimensions, the others' 10 or
more. *Information of the class*: what q(y given x) tells of clean test images, in nats: log K at most, 0 for a
classifier gone uniform."""

ABLATION = """\
EXoN at beta 1 with another setting, or less one part. *Separation*: share of test rows whose code lies nearest to their
own class's centre. The teacher is a running mean of the classifier's weights (lag .9); the source's the classifier of
*the step before*. *Without interpolation*: its whole weight on the plain cross-entropy of labelled rows; *the bound and
its cross-entropy alone*: the source's bound, no further weight on labels; *without any cross-entropy*: labels play no
part at all."""

ACTIVE = """\
Centres along the axes, of variance .1 in the first K dimensions and 1 in the others, as the source's for photographs.
The classifier is a dense network here, and the worse for it. *Activated*: dimensions with a V-nat above 1, the mean
over classes; beside it those so for a class or more. *Change*: half the squared change of an image at a step of the
prior's standard deviation along one dimension, mean over the dimensions that are activated for its class, and over the
others."""

DESIGN = """\
The digits 0 and 1 of mnist5k with 20 labels, their centres at (± R, 0), of standard deviation 2, beta 5. *Overlap*: the
mass that the aggregate posteriors of the two classes have in common."""

PHOTOS = """\
Figures as the source reports them: they are no gate. Its error is 7.27 ± .19, its activated dimensions are 115 ± 4 of
256; its inception score, 3.36, is not measured here."""

PICTURES = "Of the lowest seed. Decoded images are of the point in the middle of their cell."
PHOTO_SET = "cifar10,labels=4000"
UNTRAINED = "CIFAR-10 was not trained here: the paper preset says how."
DIM = 32


def write_results(cells: Mapping[Cell, Measured], folder: Path, title: str) -> str:
    """Write the figures into a folder and return the section's Markdown.

    Args:
        cells: what was measured of each finished cell.
        folder: for the figures, which the text links to as ``figures/FOLDER/NAME.png``.
        title: of the section.
    """
    study = Study(cells)
    body = Body(folder, title, READING)
    parts, told, picture = body.parts, body.told, body.picture

    def by_set(table: Callable[[Study, str], str | None]) -> dict[str, str | None]:
        """A table for each set of the preset."""
        return {f"*{place(s)}*": table(study, s) for s in study.sets}

    told("### Against beta", by_set(beta_table), BETA)
    for s in study.sets:
        picture(f"beta-{filed(s)}", draw_betas(study, s), f"{place(s)}: what beta does")
    told("### The rivals", by_set(rival_table), RIVALS, *(verdict(study, method) for method in JUDGED))
    told("### What its parts do", by_set(ablation_table), ABLATION)
    falls = [active_verdict(study, s, DIM) for s in study.sets]
    told(f"### Activated dimensions, D = {DIM}", by_set(lambda study, s: active_table(study, s, DIM)), ACTIVE, *falls)
    for s in study.sets:
        picture(f"active-{filed(s)}", draw_active(study, s, DIM), f"{place(s)}: activated dimensions against beta")
        for beta, variant in ends(betas(study, s, DIM)).items():
            name = f"V-nat: {place(s)}, D = {DIM}, beta {written(beta)}"
            picture(f"bars-{filed(s)}-{written(beta)}", draw_bars(study, s, variant, name), name)
    told("### Two classes, and how far apart", by_set(design_table), DESIGN)
    drawn = list(draw_runs(study))
    if drawn:
        parts += ["### Pictures", PICTURES]
    for name, figure, text in drawn:
        picture(name, figure, text)
    told("### Photographs", {f"*{place(PHOTO_SET)}*": photo_table(study, PHOTO_SET)}, PHOTOS)
    return "\n\n".join(parts if PHOTO_SET in study.sets else [*parts, UNTRAINED])


def ends(swept: Mapping[float, str]) -> dict[float, str]:
    """The first, the middle and the last of several.

    Example:
        >>> ends({0.1: "a", 0.5: "b", 1.0: "c", 5.0: "d", 50.0: "e"})
        {0.1: 'a', 1.0: 'c', 50.0: 'e'}
    """
    found = list(swept)
    return {found[k]: swept[found[k]] for k in dict.fromkeys((0, len(found) // 2, len(found) - 1))} if found else {}


def filed(set_name: str) -> str:
    """A set in the name of a file.

    Example:
        >>> filed("mnist5k,labels=100")
        'mnist5k-100'
    """
    return set_name.replace(",labels=", "-")


def draw_runs(study: Study) -> "Iterable[tuple[str, Figure | None, str]]":
    """Name, figure and text of what is drawn from the runs themselves, once for each data set: with most labels."""
    for s in {s.partition(",")[0]: s for s in study.sets}.values():
        flat = {beta: v for beta, v in ends(betas(study, s)).items() if dimensions(study, s, v) == 2}
        if flat:
            columns = {f"beta {written(beta)}": (s, variant) for beta, variant in flat.items()}
            title = f"{place(s)}: the plane of the codes, and what is decoded over it"
            yield f"planes-{filed(s)}", draw_planes(study, columns, title), title
        if dimensions(study, s, "exon"):
            title = f"{place(s)}: straight lines within a class, and from centre to centre"
            yield f"lines-{filed(s)}", draw_lines(study, s, "exon", title), title
        if of := radii(study, s):
            columns = {f"R = {written(radius)}": (s, variant) for radius, variant in of.items()}
            title = f"{place(s)}: two classes at several distances"
            yield f"design-{filed(s)}", draw_planes(study, columns, title), title
        for beta, variant in list(betas(study, s, DIM).items())[:1]:
            title = f"{place(s)}, D = {DIM}, beta {written(beta)}: activated dimensions varied, and others"
            yield f"varied-{filed(s)}", draw_varied(study, s, variant, title), title


def dimensions(study: Study, set_name: str, variant: str) -> int:
    """Of the code of a variant that was measured; 0 of any other."""
    return next(iter(study.values(set_name, variant, "dimensions").values()), 0)
