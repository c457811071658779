"""Experiments, the report of a run, and the command line."""
