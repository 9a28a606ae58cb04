"""The array namespace: NumPy, NumPy with derivatives (jets), and JAX behind the same names."""

from likely.namespace.jets import Jet, JetNamespace
from likely.namespace.numpy import NumpyNamespace

__all__ = ["Jet", "JetNamespace", "NumpyNamespace"]
