"""NIST's 27 nonlinear regression problems: the models, and a few of the data sets with their certified values.

Source: NIST/ITL StRD, https://www.itl.nist.gov/div898/strd/nls/nls_main.shtml. The data and the certified values of the
problems stored here are NIST's own, to all printed digits.
"""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np
from jax.scipy.stats import norm

import likely as lk


def gauss(b: Any, d: Any) -> Any:
    humps = b[2] * jnp.exp(-(((d.x - b[3]) / b[4]) ** 2)) + b[5] * jnp.exp(-(((d.x - b[6]) / b[7]) ** 2))
    return b[0] * jnp.exp(-b[1] * d.x) + humps


def lanczos(b: Any, d: Any) -> Any:
    return b[0] * jnp.exp(-b[1] * d.x) + b[2] * jnp.exp(-b[3] * d.x) + b[4] * jnp.exp(-b[5] * d.x)


def chwirut(b: Any, d: Any) -> Any:
    return jnp.exp(-b[0] * d.x) / (b[1] + b[2] * d.x)


def cubics(b: Any, d: Any) -> Any:
    return jnp.polyval(b[3::-1], d.x) / jnp.polyval(jnp.append(b[:3:-1], 1.0), d.x)


def enso(b: Any, d: Any) -> Any:
    def wave(period: Any, c: Any, s: Any) -> Any:
        return c * jnp.cos(2 * np.pi * d.x / period) + s * jnp.sin(2 * np.pi * d.x / period)

    return b[0] + wave(12.0, b[1], b[2]) + wave(b[3], b[4], b[5]) + wave(b[6], b[7], b[8])


MODELS = {
    "Bennett5": lambda b, d: b[0] * (b[1] + d.x) ** (-1 / b[2]),
    "BoxBOD": lambda b, d: b[0] * (1 - jnp.exp(-b[1] * d.x)),
    "Chwirut1": chwirut,
    "Chwirut2": chwirut,
    "DanWood": lambda b, d: b[0] * d.x ** b[1],
    "ENSO": enso,
    "Eckerle4": lambda b, d: b[0] / b[1] * jnp.exp(-0.5 * ((d.x - b[2]) / b[1]) ** 2),
    "Gauss1": gauss,
    "Gauss2": gauss,
    "Gauss3": gauss,
    "Hahn1": cubics,
    "Kirby2": lambda b, d: (b[0] + b[1] * d.x + b[2] * d.x**2) / (1 + b[3] * d.x + b[4] * d.x**2),
    "Lanczos1": lanczos,
    "Lanczos2": lanczos,
    "Lanczos3": lanczos,
    "MGH09": lambda b, d: b[0] * (d.x**2 + b[1] * d.x) / (d.x**2 + b[2] * d.x + b[3]),
    "MGH10": lambda b, d: b[0] * jnp.exp(b[1] / (d.x + b[2])),
    "MGH17": lambda b, d: b[0] + b[1] * jnp.exp(-b[3] * d.x) + b[2] * jnp.exp(-b[4] * d.x),
    "Misra1a": lambda b, d: b[0] * (1 - jnp.exp(-b[1] * d.x)),
    "Misra1b": lambda b, d: b[0] * (1 - (1 + b[1] * d.x / 2) ** -2),
    "Misra1c": lambda b, d: b[0] * (1 - (1 + 2 * b[1] * d.x) ** -0.5),
    "Misra1d": lambda b, d: b[0] * b[1] * d.x / (1 + b[1] * d.x),
    "Nelson": lambda b, d: b[0] - b[1] * d.x1 * jnp.exp(-b[2] * d.x2),
    "Rat42": lambda b, d: b[0] / (1 + jnp.exp(b[1] - b[2] * d.x)),
    "Rat43": lambda b, d: b[0] / (1 + jnp.exp(b[1] - b[2] * d.x)) ** (1 / b[3]),
    "Roszman1": lambda b, d: b[0] - b[1] * d.x - jnp.arctan(b[2] / (d.x - b[3])) / np.pi,
    "Thurber": cubics,
}
MEANS = {name: lambda p, d, model=model: model(p["b"], d) for name, model in MODELS.items()}  # one function each


def normal(y: Any, mean: Any, sd: Any) -> Any:
    return norm.logpdf(y, mean, sd)


def density(name: str, start: Any) -> Any:
    """A problem as a density: Normal errors around its curve (of log y for Nelson, as NIST fits it)."""
    response = "log(y)" if name == "Nelson" else "y"
    return lk.density(lk.Normal(), mean=MEANS[name], params={"b": lk.Real(start)}, response=response)


# name: (x, y, starts, certified parameters, their standard deviations, residual standard deviation)
# fmt: off
STORED: dict[str, tuple[Any, Any, Any, Any, Any, float]] = {
    "BoxBOD": (
        [1.0, 2.0, 3.0, 5.0, 7.0, 10.0],
        [109.0, 149.0, 149.0, 191.0, 213.0, 224.0],
        ([1.0, 1.0], [100.0, 0.75]),
        [213.80940889, 0.54723748542],
        [12.354515176, 0.10455993237],
        17.088072423,
    ),
    "MGH09": (
        [4.0, 2.0, 1.0, 0.5, 0.25, 0.167, 0.125, 0.1, 0.0833, 0.0714, 0.0625],
        [0.1957, 0.1947, 0.1735, 0.16, 0.0844, 0.0627, 0.0456, 0.0342, 0.0323, 0.0235, 0.0246],
        ([25.0, 39.0, 41.5, 39.0], [0.25, 0.39, 0.415, 0.39]),
        [0.19280693458, 0.19128232873, 0.12305650693, 0.13606233068],
        [0.011435312227, 0.19633220911, 0.080842031232, 0.090025542308],
        0.0066279236551,
    ),
    "MGH10": (
        [50.0, 55.0, 60.0, 65.0, 70.0, 75.0, 80.0, 85.0, 90.0, 95.0, 100.0, 105.0, 110.0, 115.0, 120.0, 125.0],
        [
            34780.0,
            28610.0,
            23650.0,
            19630.0,
            16370.0,
            13720.0,
            11540.0,
            9744.0,
            8261.0,
            7030.0,
            6005.0,
            5147.0,
            4427.0,
            3820.0,
            3307.0,
            2872.0,
        ],
        ([2.0, 400000.0, 25000.0], [0.02, 4000.0, 250.0]),
        [0.005609636471, 6181.3463463, 345.22363462],
        [0.00015687892471, 23.309021107, 0.78486103508],
        2.6009740065,
    ),
    "Rat42": (
        [9.0, 14.0, 21.0, 28.0, 42.0, 57.0, 63.0, 70.0, 79.0],
        [8.93, 10.8, 18.59, 22.33, 39.35, 56.11, 61.73, 64.62, 67.08],
        ([100.0, 1.0, 0.1], [75.0, 2.5, 0.07]),
        [72.462237576, 2.6180768402, 0.067359200066],
        [1.7340283401, 0.088295217536, 0.0034465663377],
        1.1587725499,
    ),
    "Rat43": (
        [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0, 12.0, 13.0, 14.0, 15.0],
        [
            16.08,
            33.83,
            65.8,
            97.2,
            191.55,
            326.2,
            386.87,
            520.53,
            590.03,
            651.92,
            724.93,
            699.56,
            689.96,
            637.56,
            717.41,
        ],
        ([100.0, 10.0, 1.0, 1.0], [700.0, 5.0, 0.75, 1.3]),
        [699.6415127, 5.2771253025, 0.75962938329, 1.2792483859],
        [16.302297817, 2.0828735829, 0.19566123451, 0.68761936385],
        28.262414662,
    ),
}
# fmt: on
