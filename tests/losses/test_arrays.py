"""The same losses on arrays of JAX and PyTorch: values, gradients, extreme logits, small dtypes."""

from __future__ import annotations

import numpy as np
import pytest
from loss_cases import WITH_LOSS, drawn

import likely as lk

SAFE = [
    (lk.Bernoulli(), [1.0, 0.0, 1.0, 0.0], [500.0, 500.0, -500.0, -500.0], [0.0, 500.0, 500.0, 0.0]),
    (lk.Poisson(), [3.0, 0.0], [-500.0, -500.0], [3.0 * (np.log(3.0) + 500.0) - 3.0, 0.0]),
    (lk.Geometric(), [0.0, 2.0], [-500.0, 500.0], [500.0, 1000.0]),
]


def same(found, want):
    np.testing.assert_allclose(np.asarray(found, dtype=float), want, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("scale", ["natural", "link"])
@pytest.mark.parametrize("name", WITH_LOSS)
def test_torch_gives_the_same_numbers_and_gradients(name, scale):
    torch = pytest.importorskip("torch")
    chosen, y, prediction, _ = drawn(name)
    loss = lk.loss(chosen, scale=scale, reduction="none")
    p = torch.tensor(prediction, dtype=torch.float64, requires_grad=True)
    rows = loss(torch.tensor(np.asarray(y, dtype=float)), p)
    same(rows.detach(), loss(y, prediction))
    rows.sum().backward()
    same(p.grad, loss.derivatives(y, prediction)[1])


@pytest.mark.parametrize("name", ["normal", "student_t", "poisson", "bernoulli", "gamma", "huber", "negative_binomial"])
def test_torch_differentiates_twice(name):
    torch = pytest.importorskip("torch")
    chosen, y, prediction, _ = drawn(name)
    loss = lk.loss(chosen, scale="link", reduction="none")
    p = torch.tensor(prediction, dtype=torch.float64, requires_grad=True)
    first = torch.autograd.grad(loss(torch.tensor(y), p).sum(), p, create_graph=True)[0]
    second = torch.autograd.grad(first.sum(), p)[0]
    np.testing.assert_allclose(second, loss.derivatives(y, prediction)[2], rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize(("chosen", "y", "eta", "want"), SAFE)
@pytest.mark.parametrize("dtype", ["float32", "float64", "bfloat16"])
def test_torch_is_safe_at_extreme_linear_predictors(chosen, y, eta, want, dtype):
    torch = pytest.importorskip("torch")
    kind = getattr(torch, dtype)
    p = torch.tensor(eta, dtype=kind, requires_grad=True)
    rows = lk.loss(chosen, scale="link", reduction="none")(torch.tensor(y, dtype=kind), p)
    assert rows.dtype == kind
    np.testing.assert_allclose(rows.detach().double(), want, rtol=1e-2 if dtype == "bfloat16" else 1e-6, atol=1e-30)
    rows.sum().backward()
    assert torch.isfinite(p.grad).all()


def test_torch_softmax_at_extreme_logits():
    torch = pytest.importorskip("torch")
    logits = torch.tensor([[500.0, -500.0, 0.0], [-500.0, 500.0, 499.0]], requires_grad=True)
    codes = torch.tensor([1, 2])
    loss = lk.loss(lk.Categorical(), scale="link")
    found, twin = loss(codes, logits), torch.nn.functional.cross_entropy(logits, codes)
    assert found.item() == pytest.approx(twin.item(), rel=1e-6)
    mine = torch.autograd.grad(found, logits)[0]
    theirs = torch.autograd.grad(twin, logits)[0]
    torch.testing.assert_close(mine, theirs)


def test_torch_checks_and_heads():
    torch = pytest.importorskip("torch")
    with pytest.raises(lk.errors.SupportError, match="row 1: -2"):
        lk.loss("poisson")(torch.tensor([1, -2]), torch.tensor([1.0, 1.0]))
    mean = torch.tensor([0.0, 1.0], requires_grad=True)
    log_sd = torch.tensor([0.0, 1.0], requires_grad=True)
    lk.nll(lk.Normal(), scale="link")(torch.tensor([1.0, 1.0]), mean=mean, sd=log_sd).backward()
    same(log_sd.grad, [0.0, 0.5])


@pytest.mark.parametrize("name", ["normal", "bernoulli", "poisson", "student_t", "categorical", "gamma"])
def test_jax_gives_the_same_numbers_and_gradients(name):
    jax = pytest.importorskip("jax")
    from likely.namespace.jax import x64

    chosen, y, prediction, _ = drawn(name, 20)
    loss = lk.loss(chosen, scale="link", reduction="sum")
    with x64():
        rows, p = jax.numpy.asarray(np.asarray(y, dtype=float)), jax.numpy.asarray(prediction)
        value, slope = jax.jit(jax.value_and_grad(lambda q: loss(rows, q)))(p)
        assert float(loss(rows, p)) == pytest.approx(float(value), rel=1e-12)
    assert float(value) == pytest.approx(loss(y, prediction), rel=1e-9)
    same(slope, loss.derivatives(y, prediction)[1])


def test_jax_in_single_precision_at_extreme_logits():
    jax = pytest.importorskip("jax")
    loss = lk.loss(lk.Bernoulli(), scale="link")
    eta = jax.numpy.asarray([500.0, -500.0])
    value, slope = jax.value_and_grad(lambda q: loss(jax.numpy.asarray([0, 1]), q))(eta)
    assert float(value) == 500.0
    np.testing.assert_allclose(slope, [0.5, -0.5])
    assert value.dtype == eta.dtype


def test_torch_compiles_as_one_graph():
    torch = pytest.importorskip("torch")
    loss = lk.loss(lk.Bernoulli(), scale="link")
    y, eta = torch.tensor([1.0, 0.0]), torch.tensor([500.0, 500.0], requires_grad=True)
    compiled = torch.compile(loss.__call__, backend="eager", fullgraph=True)
    found = compiled(y, eta)
    found.backward()
    assert found.item() == 250.0
    same(eta.grad, [0.0, 0.5])


def test_a_choice_between_two_numbers_keeps_their_digits():
    torch = pytest.importorskip("torch")

    @lk.family(params={"rate": lk.Positive}, support="positive")
    def stepped(y, rate, xp):
        return xp.log(rate) - rate * y + 0.0 * xp.where(y > 1.0, 0.1, 0.3) + xp.where(y > 1.0, 0.1, 0.3)

    loss = lk.nll(stepped)
    y, rate = np.array([0.5, 2.0]), np.array([1.0, 1.5])
    got = loss(torch.tensor(y), rate=torch.tensor(rate))
    assert float(got) == pytest.approx(loss(y, rate=rate), rel=1e-14)


@pytest.mark.parametrize("library", ["torch", "jax"])
def test_single_precision_holds_far_out(library):
    """The gradient of exp(eta) - 3 eta at 85, which single precision inside would lose."""
    loss, nll = lk.loss("poisson", scale="link"), lk.nll("poisson", scale="link")
    want = np.exp(85.0) - 3.0
    if library == "torch":
        torch = pytest.importorskip("torch")
        for f in (lambda eta: loss(torch.tensor([3.0]), eta), lambda eta: nll(torch.tensor([3.0]), rate=eta)):
            eta = torch.tensor([85.0], requires_grad=True)
            value = f(eta)
            value.backward()
            assert value.dtype is torch.float32
            np.testing.assert_allclose(eta.grad, [want], rtol=1e-6)
    else:
        jax = pytest.importorskip("jax")
        y, eta = jax.numpy.array([3.0], "float32"), jax.numpy.array([85.0], "float32")
        for f in (lambda eta: loss(y, eta), lambda eta: nll(y, rate=eta)):
            value, gradient = jax.jit(jax.value_and_grad(f))(eta)
            assert value.dtype == "float32"
            np.testing.assert_allclose(gradient, [want], rtol=1e-6)
