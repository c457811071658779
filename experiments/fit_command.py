"""``pellucid fit``: train a pair, leave a run folder."""

from pathlib import Path

from ..inference import fit
from ..inference.training.folder import read_config
from ..inference.training.lost import speaks
from .configuration import chosen_parts, make_job, parse
from .fit_help import help_text
from .words import Words

__all__ = ["main"]


def main(words: list[str]) -> int:
    """Run the command; its exit code."""
    if {"-h", "--help"} & set(words):
        chosen, _ = chosen_parts([word for word in words if word not in ("-h", "--help")])
        print(help_text(chosen["pair"], chosen["data"]))
        return 0
    own = Words(prog="pellucid fit", add_help=False)
    own.add_argument("--folder", type=Path)
    own.add_argument("--resume", type=Path)
    own.add_argument("--quiet", action="store_true")
    given, rest = own.parse_known_args(words)
    if given.resume and (rest or given.folder):
        raise ValueError(
            f"--resume: expected no other option, since {given.resume}/config.yaml says everything; also given: "
            f"{' '.join(rest) or f'--folder {given.folder}'}.\nTry one of:\n- pellucid fit --resume {given.resume}\n"
            f"- pellucid fit --config {given.resume}/config.yaml {' '.join(rest)}, for a new run".rstrip()
        )
    job = make_job(read_config(given.resume) if given.resume else parse(rest))
    folder = given.resume or given.folder
    run = fit(
        job.pair, job.data, folder=folder, resume=given.resume is not None, progress=not given.quiet, **job.settings
    )
    last = run.history[-1] if run.history else {}
    if not run.stopped and speaks():
        print(
            f"{run.folder}: validation bound {last['validation/bound']:.2f} nats a row, epoch {int(last['epoch'])}\n"
            f"next: pellucid report {run.folder}"
        )
    return 128 + run.stopped if run.stopped else 0
