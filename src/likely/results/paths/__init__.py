"""Penalised fits at many strengths, and the choice among them by the log-likelihood of rows held out."""

from likely.results.paths.fits import Path, path
from likely.results.paths.held_out import CrossValidation

__all__ = ["CrossValidation", "Path", "path"]
