"""The losses as pure functions of JAX: optax's twins, compiled, mapped, and trained to the peak that Newton finds."""

from __future__ import annotations

import numpy as np
import pytest

import likely as lk
from likely.errors import DataError, LikelyError, OptionError
from likely.families import FAMILIES, get_family

jax = pytest.importorskip("jax")
optax = pytest.importorskip("optax")
import jax.numpy as jnp  # noqa: E402

from likely.likelihoods import offers_of  # noqa: E402
from likely.losses.jax import criterion  # noqa: E402

RNG = np.random.default_rng(12)


@pytest.fixture(autouse=True)
def double():
    with jax.enable_x64(True):
        yield


def close(ours, theirs, output, rtol=1e-9):
    np.testing.assert_allclose(ours(output), theirs(output), rtol=rtol, atol=1e-12)
    a, b = (jax.grad(lambda o, f=f: f(o).sum())(output) for f in (ours, theirs))
    np.testing.assert_allclose(a, b, rtol=rtol, atol=1e-12)


def test_the_twins_of_optax():
    y, p = jnp.array(RNG.normal(size=30)), jnp.array(RNG.normal(size=30) * 3)
    f = criterion(lk.loss("normal"), reduction="none")
    close(lambda o: f(o, y), lambda o: optax.losses.squared_error(o, y), p)
    hits = jnp.array((RNG.random(30) < 0.5).astype(float))
    logits = jnp.concatenate([p[:27], jnp.array([500.0, -500.0, 0.0])])
    g = criterion("bernoulli", reduction="none")
    close(lambda o: g(o, hits), lambda o: optax.losses.sigmoid_binary_cross_entropy(o, hits), logits)
    codes = jnp.array(RNG.integers(0, 4, size=30))
    wide = jnp.array(RNG.normal(size=(30, 4)) * 100)
    h = criterion("categorical", reduction="none")
    close(lambda o: h(o, codes), lambda o: optax.losses.softmax_cross_entropy_with_integer_labels(o, codes), wide, 1e-7)
    k = criterion(lk.loss(lk.Huber(k=1.345, scale=1.0)), reduction="none")
    ratio = k(p, y) / optax.losses.huber_loss(p, y, delta=1.345)
    np.testing.assert_allclose(ratio, ratio[0], rtol=1e-9)


def cases():
    for name in FAMILIES:
        family = get_family(name)
        if not (
            family.kind.labels
            or not offers_of(family).predictors
            or any(p.known_only or p.edge for p in family.parameters)
        ):
            yield name


@pytest.mark.parametrize("name", list(cases()))
def test_value_and_gradient_are_those_of_the_density_on_numpy(name):
    f = criterion(name, reduction="none")
    family = get_family(name)
    y = np.array([v for v in (-3.0, 0.0, 0.4, 1.0, 2.5, 7.0) if bool(np.all(family.support.contains(v)))])
    output = jnp.array(RNG.normal(size=(len(y), len(f.heads))))
    heads = {head: np.asarray(output[:, k]) for k, head in enumerate(f.heads)}
    want, first, _ = lk.nll(name, scale="link").derivatives(y, **heads)
    one = output if len(f.heads) > 1 else output[:, 0]
    np.testing.assert_allclose(f(one, y), want, rtol=1e-9, atol=1e-11)
    got = np.asarray(jax.grad(lambda o: f(o, y).sum())(one)).reshape(len(y), -1)
    for k, head in enumerate(f.heads):
        np.testing.assert_allclose(got[:, k], first[head], rtol=1e-7, atol=1e-9)


def test_compiled_mapped_and_differentiated_twice():
    f = criterion("gamma")
    output, y = jnp.array(RNG.normal(size=(7, 2))), jnp.array(RNG.gamma(2.0, size=7))
    np.testing.assert_allclose(jax.jit(f)(output, y), f(output, y), rtol=1e-12)
    rows = jax.vmap(lambda o, t: f(o[None], t[None]))(output, y)
    np.testing.assert_allclose(rows.mean(), f(output, y), rtol=1e-12)
    second = jax.hessian(lambda o: f(o[None], y[:1]))(output[0])
    _, _, want = lk.nll("gamma", scale="link").derivatives(y[:1], mean=output[:1, 0], shape=output[:1, 1])
    np.testing.assert_allclose(second[0, 1], want["mean", "shape"][0], rtol=1e-9)
    np.testing.assert_allclose(second[1, 1], want["shape", "shape"][0], rtol=1e-9)


def test_weights_and_masks():
    f = criterion("normal")
    output, y = jnp.array(RNG.normal(size=(4, 2))), jnp.array([1.0, 2.0, jnp.nan, 0.5])
    mask = jnp.array([True, True, False, True])
    keep = jnp.array([0, 1, 3])
    np.testing.assert_allclose(f(output, y, mask=mask), f(output[keep], y[keep]), rtol=1e-12)
    gradient = jax.grad(lambda o: f(o, y, mask=mask))(output.at[2].set(jnp.inf))
    assert np.all(np.isfinite(gradient))
    assert np.all(np.asarray(gradient[2]) == 0)
    w = jnp.array([2.0, 0.0, 1.0])
    rows = criterion("normal", reduction="none")(output[keep], y[keep])
    np.testing.assert_allclose(f(output[keep], y[keep], w), (rows * w).sum() / 3, rtol=1e-12)


def test_optax_and_newton_meet():
    x = RNG.normal(size=(400, 2))
    y = RNG.poisson(np.exp(0.3 + x @ [0.5, -0.4]))
    fit = lk.fit("poisson", {"y": y, "a": x[:, 0], "b": x[:, 1]}, "y ~ a + b")
    f = criterion("poisson")
    design, target = jnp.array(np.column_stack([np.ones(400), x])), jnp.array(y)
    optimizer = optax.adam(optax.exponential_decay(0.1, 20, 0.85))
    beta = jnp.zeros(3)
    state = optimizer.init(beta)

    @jax.jit
    def step(beta, state):
        gradient = jax.grad(lambda b: f(design @ b, target))(beta)
        update, state = optimizer.update(gradient, state)
        return optax.apply_updates(beta, update), state

    for _ in range(300):
        beta, state = step(beta, state)
    np.testing.assert_allclose(beta, list(fit.coef.values()), atol=1e-3)


def test_what_cannot_be_is_told():
    f = criterion("normal")
    with pytest.raises(DataError, match="needs 2 outputs"):
        f(jnp.zeros((3, 1)), jnp.zeros(3))
    with pytest.raises(DataError, match="floating-point"):
        criterion("poisson")(jnp.zeros(3, dtype=int), jnp.zeros(3))
    with pytest.raises(OptionError, match="given its 'n'"):
        criterion("binomial")(jnp.zeros(3), jnp.zeros(3))


def test_arrays_are_looked_at_and_what_is_traced_is_not():
    f = criterion("gamma")
    output, y = jnp.zeros((3, 2)), jnp.array([1.0, -2.0, 3.0])
    with pytest.raises(lk.errors.SupportError, match=r"Gamma .* row 1: -2"):
        f(output, y)
    with pytest.raises(lk.errors.ParameterError, match="row 0: nan"):
        f(output * jnp.nan, jnp.abs(y))
    with pytest.raises(lk.errors.DataError, match="every weight is 0"):
        f(output, jnp.abs(y), weights=jnp.zeros(3))
    with pytest.raises(lk.errors.DataError, match="the mask leaves no observation"):
        f(output, jnp.abs(y), mask=jnp.zeros(3, bool))
    assert not np.isfinite(jax.jit(f)(output, y))
    assert not np.isfinite(criterion("gamma", check=False)(output, y))
    assert np.isfinite(f(output, y, mask=y > 0))


def test_single_precision_and_halves_hold_far_out():
    one = criterion("poisson")
    value, gradient = jax.value_and_grad(one)(jnp.array([85.0, -200.0], jnp.float32), jnp.array([2.0, 1.0]))
    np.testing.assert_allclose(value, (np.exp(85.0) - 2 * 85.0 + np.log(2.0) + 200.0) / 2, rtol=1e-6)
    np.testing.assert_allclose(gradient, [(np.exp(85.0) - 2.0) / 2, -0.5], rtol=1e-6)
    two = jax.jit(jax.grad(criterion("gamma")))(jnp.array([[44.0, 0.0]], jnp.float32), jnp.array([3.0]))
    assert two[0, 0] == pytest.approx(1.0)
    half = one(jnp.array([6.6875, 6.6875], dtype=jnp.bfloat16), jnp.array([2.0, 1.0]))
    assert half.dtype == jnp.float32
    assert float(half) == pytest.approx(np.exp(6.6875) - 1.5 * 6.6875 + 0.5 * np.log(2.0), rel=1e-6)


@pytest.mark.parametrize(
    ("source", "output", "target"),
    [
        (lk.Categorical(["a", "b", "c"]), [[0.0, 0.0, 0.0]], [3]),
        ("bernoulli", [0.0], [0.5]),
        ("bernoulli", [0.0], [-1.0]),
        ("exponential", [0.0], [-1.0]),
        ("poisson", [0.0], [1.5]),
        ("poisson", [0.0], [float("nan")]),
        (lk.Binomial(n=3), [0.0], [4.0]),
        (lk.Pareto(minimum=2.0), [0.0], [1.0]),
    ],
)
def test_an_impossible_target_costs_infinitely_much_where_it_cannot_be_told(source, output, target):
    f = criterion(source)
    assert jax.jit(f)(jnp.array(output), jnp.array(target)) == jnp.inf
    with pytest.raises(LikelyError):
        f(jnp.array(output), jnp.array(target))


def test_weights_of_0_are_masks_and_masks_are_checked():
    f = criterion("poisson", scale="natural")
    value, gradient = jax.value_and_grad(f)(jnp.array([0.0, 2.0]), jnp.array([1.0, 2.0]), weights=jnp.array([0.0, 1.0]))
    assert float(value) == pytest.approx(-lk.Poisson().log_prob(2.0, rate=2.0))
    assert gradient.tolist() == [0.0, 0.0]
    with pytest.raises(DataError, match="a mask is of True and False"):
        f(jnp.ones(2), jnp.ones(2), mask=jnp.array([0, 1]))
    with pytest.raises(DataError, match="mask in the shape of y"):
        f(jnp.ones(2), jnp.ones(2), mask=jnp.array([True, True, False]))
