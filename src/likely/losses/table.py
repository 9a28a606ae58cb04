"""Every loss beside its well-known twins: ``python -m likely.losses.table [page]`` writes the largest differences.

Both are taken on random and on extreme inputs. Differences are relative to the twin's value, or to 1e-8 of its largest
where that is more. Twins are functions of scikit-learn, densities of SciPy, and where they are installed modules of
PyTorch, functions of optax, and objectives of LightGBM and XGBoost.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

import numpy as np

from likely.data.writing import write_text
from likely.errors import OptionError
from likely.families import (
    AsymmetricLaplace,
    Bernoulli,
    Beta,
    Binomial,
    Categorical,
    Cauchy,
    Gamma,
    Huber,
    InverseGaussian,
    Laplace,
    Logistic,
    NegativeBinomial,
    Normal,
    Poisson,
    StudentT,
)
from likely.losses.loss import Loss
from likely.losses.nll import NLL

Rows = tuple[Any, Any]
ROWS = 200
BEGIN, END = "<!-- table of losses: begin -->", "<!-- table of losses: end -->"


@final
@dataclass(frozen=True)
class Pair:
    """A loss and its twin on the same rows.

    Attributes
    ----------
    loss, twin : str
    value, gradient : float
        The largest relative differences; gradient is NaN where the twin has none.
    """

    loss: str
    twin: str
    value: float
    gradient: float = float("nan")


def difference(ours: Any, theirs: Any) -> float:
    """The largest relative difference."""
    ours, theirs = np.asarray(ours, dtype=float), np.asarray(theirs, dtype=float)
    if not np.all(np.isfinite(ours) & np.isfinite(theirs)):
        return float("inf")
    return float(np.max(np.abs(ours - theirs) / np.maximum(np.abs(theirs), 1e-8 * np.max(np.abs(theirs)) + 1e-300)))


def real() -> Rows:
    rng = np.random.default_rng(1)
    y = np.concatenate([rng.normal(size=ROWS), [1e8, -1e8, 1e-8, 3.0, 500.0]])
    return y, np.concatenate([rng.normal(size=ROWS), [0.0, 1e8, -1e-8, 3.0 + 1e-9, -500.0]])


def positive() -> Rows:
    rng = np.random.default_rng(2)
    return 10.0 ** rng.uniform(-6, 6, ROWS), 10.0 ** rng.uniform(-6, 6, ROWS)


def counts() -> Rows:
    rng = np.random.default_rng(3)
    mean = 10.0 ** rng.uniform(-3, 5, ROWS)
    return np.append(rng.poisson(mean), [0.0, 0.0]), np.append(mean, [1e-10, 700.0])


def logits() -> Rows:
    rng = np.random.default_rng(4)
    eta = np.concatenate([rng.normal(scale=5, size=ROWS), [500.0, -500.0, 500.0, -500.0, 0.0]])
    return np.append(rng.integers(0, 2, ROWS), [1, 0, 0, 1, 1]).astype(float), eta


def sklearn_pairs() -> Iterator[Pair]:
    """Metrics of scikit-learn, row by row."""
    from sklearn import metrics as m

    def by_row(metric: Callable[..., float], y: Any, p: Any, **options: Any) -> Any:
        return [metric([a], [b], **options) for a, b in zip(y, p, strict=True)]

    plain: list[tuple[Any, float, Callable[..., float], Rows, dict[str, Any]]] = [
        (Normal(), 1.0, m.mean_squared_error, real(), {}),
        (Laplace(), 1.0, m.mean_absolute_error, real(), {}),
        (AsymmetricLaplace(tau=0.9, scale=1.0), 1.0, m.mean_pinball_loss, real(), {"alpha": 0.9}),
        (Poisson(), 2.0, m.mean_poisson_deviance, counts(), {}),
        (Gamma(), 2.0, m.mean_gamma_deviance, positive(), {}),
        (InverseGaussian(), 1.0, m.mean_tweedie_deviance, positive(), {"power": 3}),
    ]
    for family, ratio, metric, (y, p), options in plain:
        loss = Loss(family, reduction="none")
        theirs = by_row(metric, y, p, **options)
        name = metric.__name__ + "".join(f"({k}={v:g})" for k, v in options.items())
        exact = family.name not in ("poisson", "gamma")  # differences of logarithms, which cancel near the mean
        keep = np.abs(np.log(np.maximum(y, 1e-300) / p)) > 0.3 if not exact else np.full(len(y), True)
        yield Pair(
            loss.name,
            f"scikit-learn {name}",
            difference(ratio * np.asarray(loss(y, p))[keep], np.asarray(theirs)[keep]),
        )
    y, eta = logits()
    q = 1.0 / (1.0 + np.exp(-np.clip(eta, -20, 20)))
    theirs = [m.log_loss([a], [[1 - b, b]], labels=[0, 1]) for a, b in zip(y, q, strict=True)]
    loss = Loss(Bernoulli(), reduction="none")
    yield Pair(loss.name, "scikit-learn log_loss", difference(loss(y, q), theirs))


def scipy_pairs() -> Iterator[Pair]:
    """Densities of SciPy: the whole negative log-likelihood."""
    from scipy import stats

    (y, p), (py, pm), (cy, cm) = real(), positive(), counts()
    near = np.abs(y - p) < 1e6
    y, p = y[near], p[near]
    share = np.random.default_rng(5).uniform(0.01, 0.99, 2 * ROWS)
    rows: list[tuple[Any, Any, dict[str, Any], Any]] = [
        (Normal(), y, {"mean": p, "sd": 2.0}, stats.norm.logpdf(y, p, 2.0)),
        (Laplace(), y, {"loc": p, "scale": 2.0}, stats.laplace.logpdf(y, p, 2.0)),
        (StudentT(), y, {"loc": p, "scale": 2.0, "df": 4.0}, stats.t.logpdf(y, 4.0, p, 2.0)),
        (Logistic(), y, {"loc": p, "scale": 2.0}, stats.logistic.logpdf(y, p, 2.0)),
        (Cauchy(), y, {"loc": p, "scale": 2.0}, stats.cauchy.logpdf(y, p, 2.0)),
        (Gamma(), py, {"mean": pm, "shape": 2.5}, stats.gamma.logpdf(py, 2.5, scale=pm / 2.5)),
        (Poisson(), cy, {"rate": cm}, stats.poisson.logpmf(cy, cm)),
        (
            NegativeBinomial(),
            cy,
            {"mean": cm, "dispersion": 0.5},
            stats.nbinom.logpmf(cy, 2.0, 1.0 / (1.0 + 0.5 * cm)),
        ),
        (Binomial(n=12), cy % 13, {"p": share[: len(cy)]}, stats.binom.logpmf(cy % 13, 12, share[: len(cy)])),
        (
            Beta(),
            share[:ROWS],
            {"mean": share[ROWS:], "precision": 5.0},
            stats.beta.logpdf(share[:ROWS], 5.0 * share[ROWS:], 5.0 * (1.0 - share[ROWS:])),
        ),
    ]
    for family, observed, heads, theirs in rows:
        nll = NLL(family, reduction="none")
        yield Pair(
            f"nll of {family.title}",
            "SciPy logpdf" if not family.kind.discrete else "SciPy logpmf",
            difference(nll(observed, **heads), -theirs),
        )


def torch_pairs() -> Iterator[Pair]:
    """Modules of PyTorch, value and gradient, in float64."""
    import torch

    n = torch.nn
    multi = np.random.default_rng(6).normal(scale=20, size=(ROWS, 4))
    codes = np.random.default_rng(7).integers(0, 4, ROWS)
    y, eta = logits()
    cy, cm = counts()
    pairs: list[tuple[Loss, Any, Any, Any, bool]] = [
        (Loss(Normal()), n.MSELoss(), *real(), False),
        (Loss(Laplace()), n.L1Loss(), *real(), False),
        (Loss(Huber(k=0.7, scale=1.0)), n.HuberLoss(delta=0.7), *real(), False),
        (Loss(Huber(k=0.7**0.5, scale=0.7**0.5)), n.SmoothL1Loss(beta=0.7), *real(), False),
        (Loss(Bernoulli(), scale="link"), n.BCEWithLogitsLoss(), y, eta, False),
        (Loss(Categorical(), scale="link"), n.CrossEntropyLoss(), codes, multi, True),
        (Loss(Poisson(), scale="link"), n.PoissonNLLLoss(), cy, np.log(cm), False),
    ]
    for loss, module, observed, predicted, integer in pairs:
        mine, theirs = (torch.tensor(predicted, dtype=torch.float64, requires_grad=True) for _ in range(2))
        target = torch.tensor(observed) if integer else torch.tensor(observed, dtype=torch.float64)
        out: Any = loss(target, mine)
        twin = module(theirs, target)
        out.backward()
        twin.backward()
        value = float(out.detach()) if loss.family.name != "poisson" else float(out.detach()) - float(_saturated(cy))
        yield Pair(
            loss.name,
            f"PyTorch {type(module).__name__}",
            difference(value, float(twin.detach())),
            difference(mine.grad, theirs.grad),
        )

    yield from _torch_heads()


def _torch_heads() -> Iterator[Pair]:
    """Whole negative log-likelihoods: modules of PyTorch that keep their constants, or have none."""
    import torch

    from likely.losses.torch import NLLLoss

    y, eta = logits()
    inner = 1.0 / (1.0 + np.exp(-np.clip(eta, -15, 15)))
    (ry, rm), sd = real(), 10.0 ** np.random.default_rng(8).uniform(-2, 2, ROWS + 5)
    tensors = [torch.tensor(v, dtype=torch.float64) for v in (y, inner, ry, rm, sd)]
    hits, share, target = tensors[0], tensors[1].requires_grad_(), tensors[2]
    mean, spread = tensors[3].requires_grad_(), tensors[4].requires_grad_()
    rows: list[tuple[str, Any, Any, list[Any]]] = [
        ("BCELoss", NLLLoss(Bernoulli(), scale="natural")(share, hits), torch.nn.BCELoss()(share, hits), [share]),
        (
            "GaussianNLLLoss(full=True)",
            NLLLoss(Normal(), scale="natural")((mean, spread), target),
            torch.nn.GaussianNLLLoss(full=True, eps=1e-30)(mean, target, spread**2),
            [mean, spread],
        ),
    ]
    for name, ours, theirs, leaves in rows:
        mine, twin = (torch.cat(torch.autograd.grad(v, leaves)) for v in (ours, theirs))
        title = "Bernoulli" if name == "BCELoss" else "Normal"
        yield Pair(
            f"nll of {title}", f"PyTorch {name}", difference(ours.detach(), theirs.detach()), difference(mine, twin)
        )


def optax_pairs() -> Iterator[Pair]:
    """Functions of optax, value and gradient, in double precision."""
    import jax
    import jax.numpy as jnp
    from optax import losses as o

    from likely.losses.jax import criterion

    multi = np.random.default_rng(6).normal(scale=20, size=(ROWS, 4))
    codes = np.random.default_rng(7).integers(0, 4, ROWS)
    with jax.enable_x64(True):
        rows: list[tuple[Loss, Callable[..., Any], Any, Any]] = [
            (Loss(Normal()), o.squared_error, *real()),
            (Loss(Huber(k=0.7, scale=1.0)), lambda p, y: o.huber_loss(p, y, delta=0.7), *real()),
            (Loss(Bernoulli(), scale="link"), o.sigmoid_binary_cross_entropy, *logits()),
            (Loss(Categorical(), scale="link"), o.softmax_cross_entropy_with_integer_labels, codes, multi),
        ]
        for loss, twin, observed, predicted in rows:
            y, p = jnp.asarray(observed), jnp.asarray(predicted, dtype=float)
            mine = jax.value_and_grad(criterion(loss))(p, y)
            theirs = jax.value_and_grad(lambda v, t, twin=twin: twin(v, t).mean())(p, y)
            name = getattr(twin, "__name__", "").replace("<lambda>", "huber_loss")
            yield Pair(loss.name, f"optax {name}", *(difference(a, b) for a, b in zip(mine, theirs, strict=True)))


# name -> family, options of LightGBM's objective, of XGBoost's: those that make the second derivative their Hessian
BUILT_IN: dict[str, tuple[Any, dict[str, Any], dict[str, Any]]] = {
    "l2": (Normal(sd=1.0), {"objective": "l2"}, {"objective": "reg:squarederror"}),
    "binary": (Bernoulli(), {"objective": "binary"}, {"objective": "binary:logistic"}),
    "poisson": (
        Poisson(),
        {"objective": "poisson", "poisson_max_delta_step": 1e-12},
        {"objective": "count:poisson", "max_delta_step": 0.0},
    ),
    "gamma": (Gamma(shape=1.0), {"objective": "gamma"}, {"objective": "reg:gamma"}),
}


def boosting_pairs() -> Iterator[Pair]:
    """Objectives of LightGBM and XGBoost: raw predictions after five rounds, which need the same derivatives."""
    from likely.losses.boosting import objective

    rng = np.random.default_rng(9)
    x = rng.normal(size=(10 * ROWS, 4))
    eta = 0.5 * x[:, 0] + np.sin(x[:, 1])
    drawn = {
        "l2": rng.normal(eta),
        "binary": (rng.random(len(x)) < 1.0 / (1.0 + np.exp(-eta))).astype(float),
        "poisson": rng.poisson(np.exp(eta)).astype(float),
        "gamma": rng.gamma(2.0, np.exp(eta) / 2.0),
    }
    for name, (family, lightgbm, xgboost) in BUILT_IN.items():
        made, y = objective(family), drawn[name]
        if importlib.util.find_spec("lightgbm"):
            import lightgbm as lgb

            common = {"verbosity": -1, "boost_from_average": False, "num_threads": 1}
            data = lgb.Dataset(x, y, params=common).construct()
            raw = [lgb.train({**common, **o}, data, 5).predict(x, raw_score=True) for o in (lightgbm, made.lightgbm)]
            yield Pair(Loss(family).name, f"LightGBM {lightgbm['objective']}", difference(raw[1], raw[0]))
        if importlib.util.find_spec("xgboost"):
            import xgboost as xgb

            matrix = xgb.DMatrix(x, y)
            base = 0.0 if name == "l2" else 0.5 if name == "binary" else 1.0
            own = xgb.train({"base_score": base, "nthread": 1, **xgboost}, matrix, 5)
            ours = xgb.train({**made.xgboost, "nthread": 1}, matrix, 5, obj=made)
            raw = [booster.predict(matrix, output_margin=True) for booster in (own, ours)]
            yield Pair(Loss(family).name, f"XGBoost {xgboost['objective']}", difference(raw[1], raw[0]))


def _saturated(y: Any) -> Any:
    """What the Poisson deviance has and PoissonNLLLoss leaves out: terms of y alone."""
    from scipy.special import xlogy

    return np.mean(xlogy(y, y) - y)


def pairs() -> list[Pair]:
    """Every pair whose twin is installed."""
    found = [*sklearn_pairs(), *scipy_pairs()]
    for package, more in (("torch", torch_pairs), ("optax", optax_pairs)):
        found += more() if importlib.util.find_spec(package) else []
    return [*found, *boosting_pairs()]


def markdown() -> str:
    """The table for the documentation."""
    lines = ["| loss | twin | value | gradient |", "|---|---|---|---|"]
    for pair in pairs():
        gradient = "" if pair.gradient != pair.gradient else f"{pair.gradient:.1e}"
        lines.append(f"| {pair.loss} | {pair.twin} | {pair.value:.1e} | {gradient} |")
    return "\n".join(lines)


def write(page: Path) -> None:
    """Put the table into a page of documentation, between its marks."""
    text = page.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    if not after:
        raise OptionError(f"{page} has no marks {BEGIN} and {END}")
    write_text(page, f"{before}{BEGIN}\n{markdown()}\n{END}{after}")


if __name__ == "__main__":
    write(Path(sys.argv[1])) if len(sys.argv) > 1 else print(markdown())
