"""The namespaces: NumPy, NumPy with derivatives (jets), JAX and PyTorch behind the same names."""

from likely.namespace.jets import Jet, JetNamespace, as_jet, value_of
from likely.namespace.numpy import NumpyNamespace

__all__ = ["Jet", "JetNamespace", "NumpyNamespace", "as_jet", "value_of"]
