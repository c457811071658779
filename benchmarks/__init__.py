"""Timings beside hand-written torch. Nothing here is installed with the package."""
