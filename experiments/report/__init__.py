"""The report of a run: one page that says which latent dimensions mean what for which class."""

from .write import write_report

__all__ = ["write_report"]
