"""Ill-conditioned designs: right answers in any units and origins, without a copy of the data."""

import tracemalloc

import mpmath as mp
import numpy as np
import pandas as pd
import pytest

import likely as lk
from likely.compute.solve import least_squares, orthogonal


@pytest.fixture(params=["extended precision", "blocks"])
def route(request, monkeypatch):
    """Both ways of factorising: small designs in extended precision, large ones block by block."""
    if request.param == "blocks":
        for module in (orthogonal, least_squares):
            monkeypatch.setattr(module, "EXTENDED", 0)
        monkeypatch.setattr(orthogonal, "BLOCK", 32)
    return request.param


def years(n=60, degree=4):
    """Powers of years, whole numbers that floats hold exactly, beside the same powers of the years since 2000."""
    t = np.arange(n) % 12 + 0.0
    return np.vander(2000.0 + t, degree + 1, increasing=True), np.vander(t, degree + 1, increasing=True), t / 11


def exact_newton(x, derivatives, digits=80):
    """The peak of a sum over rows in 80 digits; `derivatives` gives each row's first two, of its linear predictor."""
    with mp.workdps(digits):
        rows = [[mp.mpf(float(v)) for v in row] for row in x]
        p = len(rows[0])
        b = mp.matrix(p, 1)
        for _ in range(40):
            g, h = mp.matrix(p, 1), mp.matrix(p, p)
            for i, row in enumerate(rows):
                eta = mp.fsum(v * c for v, c in zip(row, b, strict=True))
                first, second = derivatives(i, eta)
                for j in range(p):
                    g[j] += first * row[j]
                    for k in range(p):
                        h[j, k] -= second * row[j] * row[k]
            step = mp.lu_solve(h, g)
            b += step
            if mp.norm(step) < mp.mpf(10) ** (-digits // 2) * (1 + mp.norm(b)):
                break
        covariance = h**-1
        return [b[j] for j in range(p)], [mp.sqrt(covariance[j, j]) for j in range(p)]


def assert_close(fit, parameter, b, errors):
    for j, (value, error) in enumerate(zip(b, errors, strict=True)):
        name = f"{parameter}.x{j + 1}"
        assert abs(mp.mpf(fit.coef[name]) - value) <= 1e-6 * error, name
        assert fit.stderr[name] == pytest.approx(float(error), rel=1e-6), name


# -- against 80 digits -----------------------------------------------------------------------------------------


def test_logistic_in_80_digits(route):
    x, _, t = years(48, 3)
    y = (np.random.default_rng(1).random(48) < 1 / (1 + np.exp(1 - 2 * t))) * 1

    def derivatives(i, eta):
        p = 1 / (1 + mp.exp(-eta))
        return int(y[i]) - p, -p * (1 - p)

    fit = lk.fit("bernoulli", y, x)
    assert fit.condition["p"] > 1e8
    assert_close(fit, "p", *exact_newton(x, derivatives))


def test_gamma_in_80_digits(route):
    """With the shape known the likelihood is concave in the linear predictor of a log link."""
    x, _, t = years(48, 3)
    y = np.random.default_rng(2).gamma(2, np.exp(1 + t) / 2)

    def derivatives(i, eta):
        ratio = mp.mpf(float(y[i])) * mp.exp(-eta)
        return 2 * (ratio - 1), -2 * ratio

    assert_close(lk.fit(lk.Gamma(shape=2), y, x), "mean", *exact_newton(x, derivatives))


def test_least_squares_in_80_digits(route):
    x, _, t = years(36, 4)
    y = np.random.default_rng(3).normal(size=36) + t
    fit = lk.fit(lk.Normal(sd=1), y, x)
    b, errors = exact_newton(x, lambda i, eta: (mp.mpf(float(y[i])) - eta, -1))
    assert_close(fit, "mean", b, errors)
    assert fit.coef["mean.x5"] == pytest.approx(float(b[4]), rel=1e-9 if route == "extended precision" else 1e-5)


# -- intervals -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("family", ["bernoulli", "gamma", "normal", "poisson"])
def test_profile_intervals(family, route):
    """The highest power's coefficient is the same whatever the origin of the years."""
    far, near, t = years(120, 3)
    rng = np.random.default_rng(4)
    eta = 0.3 + 0.8 * t
    y = {
        "bernoulli": rng.random(120) < 1 / (1 + np.exp(-eta)),
        "gamma": rng.gamma(2, np.exp(eta) / 2),
        "normal": eta + rng.normal(size=120),
        "poisson": rng.poisson(np.exp(eta)),
    }[family] * 1.0
    a, b = lk.fit(family, y, far), lk.fit(family, y, near)
    name = next(name for name in a.coef if name.endswith(".x4"))
    ends = [list(fit.interval(method="profile", names=[name])[name]) for fit in (a, b)]
    np.testing.assert_allclose(*ends, atol=1e-5 * b.stderr[name])
    assert a.loglik == pytest.approx(b.loglik, rel=1e-9)
    first = name.replace("x4", "x1")  # a constant so far from the data has an interval too
    lower, upper = a.interval(method="profile", names=[first])[first]
    assert lower < a.coef[first] < upper
    np.testing.assert_allclose([lower, upper], list(a.interval(names=[first])[first]), rtol=0.3)


# -- units and origins -----------------------------------------------------------------------------------------

SCALES = [(1e12, 1e-12, 1.0), (1e-12, 1e6, 1e12), (1e100, 1e-100, 1e50)]


@pytest.mark.parametrize("family", ["bernoulli", "gamma", "laplace", "negative_binomial", "normal", "student_t"])
@pytest.mark.parametrize("scale", SCALES)
def test_units_and_origins_do_not_matter(family, scale):
    rng = np.random.default_rng(5)
    x = rng.integers(-(2**20), 2**20, (200, 3)) / 2.0**20  # so that the largest shift loses nothing
    eta = 0.3 + x @ [0.5, -0.4, 0.2]
    y = {
        "bernoulli": (rng.random(200) < 1 / (1 + np.exp(-eta))) * 1.0,
        "gamma": rng.gamma(2, np.exp(eta) / 2),
        "laplace": eta + rng.laplace(size=200),
        "negative_binomial": rng.negative_binomial(2, 2 / (2 + np.exp(eta))) * 1.0,
        "normal": eta + rng.normal(size=200),
        "student_t": eta + rng.standard_t(4, size=200),
    }[family]
    plain = lk.fit(family, y, np.column_stack([np.ones(200), x]))
    names = [name for name in plain.coef if name[-2:] in ("x2", "x3", "x4")]
    for shift in (0.0, 1e3, 1e6, 2.0**30):
        moved = (x + np.array([shift, 0.0, -shift / 4])) * scale
        fit = lk.fit(family, y, np.column_stack([np.ones(200), moved]))
        for name, factor in zip(names, scale, strict=True):
            assert fit.coef[name] * factor == pytest.approx(plain.coef[name], abs=1e-6 * plain.stderr[name])
            assert fit.stderr[name] * factor == pytest.approx(plain.stderr[name], rel=1e-6)


@pytest.mark.parametrize("size", [1e160, 1e300, 1e-200])
@pytest.mark.parametrize("family", ["normal", "student_t"])
def test_a_response_of_extreme_magnitude_gets_advice(family, size):
    rng = np.random.default_rng(9)
    data = {"x": rng.normal(size=50), "y": rng.gamma(3, 1, 50) * size}
    with pytest.raises(lk.errors.FitError, match=r"the largest value of y has the size .* Rescale the response"):
        lk.fit(family, data, "y ~ x")
    fit = lk.fit(family, {**data, "y": data["y"] / size}, "y ~ x")
    assert fit.converged or "df" in fit.status


def test_one_extreme_value_among_many_rows_gets_advice():
    rng = np.random.default_rng(10)
    x = rng.normal(size=50_000)
    x[7] = 1e180
    for family in ("normal", "poisson"):
        with pytest.raises(lk.errors.LikelyError, match=r"the largest value of x.*Rescale the column"):
            lk.fit(family, {"x": x, "y": rng.poisson(3, 50_000) * 1.0}, "y ~ x")


# -- the factorisation itself ----------------------------------------------------------------------------------


def test_triangle_and_rotation(monkeypatch):
    monkeypatch.setattr(orthogonal, "BLOCK", 16)
    rng = np.random.default_rng(6)
    x = rng.normal(size=(100, 5)) @ np.diag([1.0, 1e-3, 1e5, 1.0, 1.0])
    x[:, 4] = x[:, 0] + 1e-9 * x[:, 4]
    r = orthogonal.triangle(x)
    np.testing.assert_allclose(np.abs(r), np.abs(np.linalg.qr(x, mode="r")), rtol=1e-6, atol=1e-7)
    scale = orthogonal.column_scale(x)
    rotated = orthogonal.Rotated(x, np.zeros(5), scale, np.array([1, 0, 2, 3, 4]))
    q = rotated[0:100]
    np.testing.assert_allclose(q.T @ q, np.eye(5), atol=1e-9)
    np.testing.assert_array_equal(rotated[::7], q[::7])
    np.testing.assert_array_equal(rotated[np.array([5, 3])], q[[5, 3]])
    with mp.workdps(50):  # the product has no rounding errors of the size of the condition
        part = [mp.mpf(float(v)) for v in (x[7] / scale)[[1, 0, 2, 3, 4]]]
        for j in range(5):
            high = rotated.inverse[:, j].astype(float)
            low = (rotated.inverse[:, j] - high).astype(float)
            exact = mp.fsum(v * (mp.mpf(float(h)) + mp.mpf(float(e))) for v, h, e in zip(part, high, low, strict=True))
            assert abs(mp.mpf(float(q[7, j])) - exact) < 1e-15


def test_condition():
    rng = np.random.default_rng(7)
    x = np.column_stack([np.ones(80), 50 + rng.normal(size=(80, 2))])
    unit = x / np.sqrt(np.sum(x**2, axis=0))
    fit = lk.fit("normal", rng.normal(size=80), x, sd=x[:, :2])
    assert fit.condition["mean"] == pytest.approx(np.linalg.cond(unit), rel=1e-8)
    assert fit.condition["sd"] == pytest.approx(np.linalg.cond(unit[:, :2]), rel=1e-8)
    assert "condition" not in str(fit.summary())
    assert lk.fit("normal", [1.0, 2.0, 4.0]).condition == {}
    far, _, t = years()
    large = lk.fit("normal", t + rng.normal(size=60), far)
    unit = far / np.sqrt(np.sum(far**2, axis=0))
    singular = np.linalg.svd(unit, compute_uv=False)
    assert large.condition["mean"] == pytest.approx(singular[0] / singular[-1], rel=0.05)
    assert "for the predictors of mean, which say almost the same" in " ".join(str(large.summary()).split())
    levels = pd.DataFrame({"g": [f"g{k % 90:02d}" for k in range(2000)], "y": rng.normal(size=2000)})
    assert 1.0 < lk.fit("normal", levels, "y ~ C(g)").condition["mean"] < 100.0


def test_memory_stays_near_the_size_of_the_data(monkeypatch):
    """The orthonormal columns are never all there at once."""
    rng = np.random.default_rng(8)
    n, p = 150_000, 16
    x = rng.normal(size=(n, p))
    x[:, 0], x[:, 1:6] = 1.0, (1 + rng.random(n))[:, None] ** np.arange(1, 6)
    x[:, 6] = x[:, 5] + 1e-7 * x[:, 6]
    y = (rng.random(n) < 0.5) * 1.0
    monkeypatch.setenv("LIKELY_THREADS", "1")
    lk.fit("bernoulli", y[:100], x[:100, :2])  # imports
    tracemalloc.start()
    fit = lk.fit("bernoulli", y, x)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert fit.converged
    assert fit.condition["p"] > 1e6
    assert peak < 1.3 * x.nbytes


def test_the_least_eigenvalue_is_never_taken_for_more_than_it_is():
    from likely.compute.solve import least_squares

    rng = np.random.default_rng(1)
    for spread in (1.0, 1e-1, 1e-3, 1e-6):
        x = np.column_stack([np.ones(50), rng.normal(size=50), 1.0 + spread * rng.normal(size=50)])
        scaled = x / np.linalg.norm(x, axis=0)
        least = np.linalg.eigvalsh(scaled.T @ scaled)[0]
        assert least_squares._least_eigenvalue(x) <= least + 1e-12
        assert (least_squares._least_eigenvalue(x) > 1e-5) == (least > 1e-5)
        apart = scaled[:, :2]
        assert 1e-3 < least_squares._least_eigenvalue(apart) <= np.linalg.eigvalsh(apart.T @ apart)[0] + 1e-12
