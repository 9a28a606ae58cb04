"""Likelihoods beyond rows of linear predictors: any JAX function of parameters and data that gives log-densities."""

from likely.likelihoods.density.family import Density, density

__all__ = ["Density", "density"]
