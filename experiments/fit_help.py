"""What ``pellucid fit --help`` says."""

from typing import Any

from .. import data as data_room
from .. import zoo
from ..data import DataSet
from ..inference import Pair, fit
from ..inference.training.build import named
from .options import Option, options_of, summary, table

__all__ = ["OWN", "all_options", "help_text", "makers"]

OWN = {"pair", "data", "folder", "resume", "progress"}
"""Arguments of ``fit`` that are no part of a configuration."""

EXAMPLES = """Train a pair on a data set, and leave a run folder: configuration, checkpoint, metrics.

  pellucid fit --pair vsc --data mnist5k --pair.consistency 3 --data.labels 0.1 --epochs 20
  pellucid fit --config runs/vsc-mnist5k-1/config.yaml --seed 1
  pellucid fit --resume runs/vsc-mnist5k-1
"""

LATER = """The pair and the data set have options of their own: name both before --help to see them, as in
  pellucid fit --pair vsc --data mnist5k --help"""

VALUES = """SCHEDULE, FACTOR, LIKELIHOOD and CLASS are objects, named by class; the arguments of its constructor follow:
  A schedule in place of a number:
    --pair.consistency Ramp --pair.consistency.start 0 --pair.consistency.stop 3 --pair.consistency.end 0.3
  A prior of your own, from my_prior.py in this folder, with a loss factor that teaches its classifier:
    pellucid fit --pair compose --pair.prior my_prior.MyPrior --pair.prior.dim 12 \\
      --pair.posterior my_prior.MyPosterior --pair.factors+ Supervision --pair.factors.weight 10 \\
      --data digits --data.labels 0.1
  SCHEDULE    Ramp, Cosine, Exponential, Gaussian (pellucid.schedules)
  FACTOR      AllSampleConsistency, ClassConsistency, ClassSeparation, Interpolation, Supervision (pellucid.inference),
              or my_file.MyFactor
  LIKELIHOOD  Bernoulli, Normal, Laplace (pellucid.models), or my_file.MyLikelihood
  CLASS       my_file.MyClass
  The arguments of a class: pellucid fit --pair compose --data digits --pair.prior.help my_prior.MyPrior

FILE for --config is YAML with the keys pair, data and fit; options beside it overrule it:
  pair: {class_path: my_file.my_pair, init_args: {dim: 12}}
  data: {class_path: digits, init_args: {labels: 0.1}}
  fit: {epochs: 20}"""


def makers(room: Any) -> list[str]:
    """The public names of a room that are functions from arguments to a pair or a data set."""
    results = (Pair, DataSet, "Pair", "DataSet")
    return [
        name for name in room.__all__ if getattr(getattr(room, name), "__annotations__", {}).get("return") in results
    ]


def own_options() -> list[Option]:
    """The options of the command itself."""
    return [
        Option("--pair", "NAME", f"model and guide: {', '.join(makers(zoo))}; or a function of yours, my_file.my_pair"),
        Option("--data", "NAME", f"data set: {', '.join(makers(data_room))}; or a function of yours, my_file.my_data"),
        Option("--config", "FILE", "take all from a YAML file; the config.yaml of a run is one"),
        Option("--folder", "FOLDER", "where the run goes. Default: runs/<pair>-<data>-<number>"),
        Option("--resume", "FOLDER", "go on with a stopped run; takes everything from its config.yaml"),
        Option("--quiet", "", "show no progress"),
        Option("--help", "", "this page"),
    ]


def all_options(pair: str | None, data: str | None) -> list[Option]:
    """Every option there is beside ``--pair`` and ``--data`` of these names."""
    return [option for _, options in sections(pair, data) for option in options]


def sections(pair: str | None, data: str | None) -> list[tuple[str, list[Option]]]:
    """Headings with their options."""
    found = [("The command", own_options()), ("Training", options_of(fit, skip=OWN))]
    for part, path, room in (("pair", pair, zoo), ("data", data, data_room)):
        if path:
            function = named(path, (room.__name__,))
            title = f"{'Pair' if part == 'pair' else 'Data'} {path}: {summary(function)}"
            found.append((title, options_of(function, part, skip={"data"} if part == "pair" else ())))
    return found


def help_text(pair: str | None, data: str | None) -> str:
    """The help of ``fit``, with the options of the pair and the data set of these names."""
    tables = [f"{title}\n{table(options)}" for title, options in sections(pair, data)]
    return "\n\n".join([EXAMPLES.rstrip(), *tables, *([] if pair and data else [LATER]), VALUES])
