"""The NumPy/SciPy namespace: immediate evaluation, nothing to compile."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import special as sc

from likely.namespace import special
from likely.namespace.memory import Memory


class NumpyNamespace(Memory):
    """Functions of the array namespace on NumPy arrays and floats.

    Names follow the Python array API standard; special functions follow SciPy. The same names exist on every
    namespace, so a log-density written against `xp` runs on all of them.
    """

    pi = np.pi
    inf = np.inf
    exp = staticmethod(np.exp)
    expm1 = staticmethod(np.expm1)
    log1p = staticmethod(np.log1p)
    sqrt = staticmethod(np.sqrt)
    square = staticmethod(np.square)
    abs = staticmethod(np.abs)
    sign = staticmethod(np.sign)
    floor = staticmethod(np.floor)
    sin = staticmethod(np.sin)
    cos = staticmethod(np.cos)
    tan = staticmethod(np.tan)
    atan = staticmethod(np.arctan)
    tanh = staticmethod(np.tanh)
    sinh = staticmethod(np.sinh)
    cosh = staticmethod(np.cosh)
    where = staticmethod(np.where)
    maximum = staticmethod(np.maximum)
    minimum = staticmethod(np.minimum)
    power = staticmethod(np.power)
    isnan = staticmethod(np.isnan)
    isfinite = staticmethod(np.isfinite)
    logaddexp = staticmethod(np.logaddexp)
    expit = staticmethod(sc.expit)
    logit = staticmethod(sc.logit)
    log_expit = staticmethod(sc.log_expit)
    gammaln = staticmethod(sc.gammaln)
    digamma = staticmethod(sc.digamma)
    betaln = staticmethod(sc.betaln)
    ndtr = staticmethod(sc.ndtr)
    log_ndtr = staticmethod(sc.log_ndtr)
    erf = staticmethod(sc.erf)
    erfc = staticmethod(sc.erfc)
    xlogy = staticmethod(sc.xlogy)
    xlog1py = staticmethod(sc.xlog1py)
    log1pmx = staticmethod(special.log1pmx)
    log1mexp = staticmethod(special.log1mexp)
    softplus = staticmethod(special.softplus)
    stirling = staticmethod(special.stirling)
    bd0 = staticmethod(special.bd0)

    def log(self, x: Any) -> Any:
        """Natural logarithm; the remembered one where a link knows it."""
        known = self.recall_log(x)
        return np.log(x) if known is None else known
