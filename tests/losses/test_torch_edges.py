"""NLLLoss at its edges: probabilities of 0 and 1, far predictions, vectors, copies, a compiler that sees it first."""

from __future__ import annotations

import copy
import io
import pickle
import subprocess
import sys
import textwrap

import numpy as np
import pytest

import likely as lk
from likely.errors import DataError, ParameterError

torch = pytest.importorskip("torch")
from likely.losses.torch import NLLLoss  # noqa: E402


@pytest.mark.parametrize("through", ["module", "loss"])
def test_a_probability_of_0_or_1_that_is_right_has_a_gradient(through):
    """As torch.nn.BCELoss has; the branch that is not taken is log 0."""
    for source, p, y in (
        (lk.Bernoulli(), [0.0, 1.0, 0.25], [0.0, 1.0, 1.0]),
        (lk.Categorical(["a", "b", "c"]), [[0.0, 0.25, 0.75], [1.0, 0.0, 0.0]], [2, 0]),
    ):
        criterion = NLLLoss(source, scale="natural") if through == "module" else NLLLoss(lk.loss(source))
        p = torch.tensor(p, requires_grad=True)
        y = torch.tensor(y)
        criterion(p, y).backward()
        twin = p.detach().clone().requires_grad_()
        if p.ndim == 1:
            torch.nn.functional.binary_cross_entropy(twin, y).backward()
            want = torch.tensor([1.0, -1.0, -4.0]) / 3  # binary_cross_entropy gives 0 for the first two
            assert twin.grad[2] == p.grad[2]
        else:
            torch.nn.functional.nll_loss(torch.log(twin), y).backward()
            want = torch.tensor([[0.0, 0.0, -4 / 3], [-1.0, 0.0, 0.0]]) / 2
        torch.testing.assert_close(p.grad, want)


def test_vectors_whose_entries_do_not_go_together_are_told():
    natural = NLLLoss(lk.Categorical(["a", "b", "c"]), scale="natural")
    with pytest.raises(
        ParameterError, match=r"Categorical's p must sum to 1.* 1 of 2 rows do not: row 1: \[0.5, 0.9, 0.9\]"
    ):
        natural(torch.tensor([[0.2, 0.3, 0.5], [0.5, 0.9, 0.9]]), torch.tensor([0, 1]))
    natural(torch.softmax(torch.randn(50, 3, dtype=torch.bfloat16), dim=-1), torch.zeros(50, dtype=torch.long))
    with pytest.raises(ParameterError, match="sum to 1"):
        lk.loss(lk.Categorical(["a", "b", "c"]))(["a"], [[0.5, 0.9, 0.9]])
    with pytest.raises(ParameterError, match=r"Ordinal's threshold must be increasing.* row 0: \[1.0, -1.0\]"):
        NLLLoss(lk.Ordinal(levels=[1, 2, 3]))(torch.tensor([[1.0, -1.0]]), torch.tensor([0]))


@pytest.mark.parametrize("source", [lk.Categorical(["a", "b", "c"]), lk.Categorical(), lk.Ordinal(levels=[1, 2, 3])])
def test_copies_and_files_of_a_criterion_are_the_same(source):
    criterion = NLLLoss(source)
    output = torch.tensor([[-1.0, 1.0, 2.0][: 2 if isinstance(source, lk.Ordinal) else 3]] * 3)
    file = io.BytesIO()
    torch.save(criterion, file)
    file.seek(0)
    copies = (copy.deepcopy(criterion), pickle.loads(pickle.dumps(criterion)), torch.load(file, weights_only=False))
    for other in copies:
        assert torch.equal(other(output, torch.tensor([0, 1, 2])), criterion(output, torch.tensor([0, 1, 2])))


FRESH = """
    import torch, likely as lk
    from likely.losses.torch import NLLLoss
    y = torch.tensor([0, 1, 2, 0])
    for criterion, output, options in (
        (NLLLoss(lk.Categorical()), torch.randn(4, 3), {}),
        (NLLLoss(lk.Ordinal(levels=[1, 2, 3])), torch.tensor([[-1.0, 1.0]] * 4), {}),
        (NLLLoss(lk.Binomial()), torch.randn(4), {"n": torch.tensor([3.0] * 4)}),
        (NLLLoss("poisson"), torch.randn(4), {"weights": torch.rand(4)}),
    ):
        compiled = torch.compile(criterion, fullgraph=True, backend="eager")  # before anything has run eagerly
        torch.testing.assert_close(compiled(output, y, **options), criterion(output, y, **options))
"""


def test_compiling_first_of_all_works():
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(FRESH)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("name", "output", "y", "gradient"),
    [
        ("gamma", [500.0, 0.0], 2.0, [1.0, None]),
        ("gamma", [-500.0, 0.0], 2.0, [-2.8071844e217, None]),
        ("negative_binomial", [500.0, 0.0], 2.0, [1.0, -497.5]),
        ("inverse_gaussian", [-500.0, 0.0], 2.0, [-np.inf, None]),  # -1e434
        ("student_t", [0.5, 0.5, 500.0], 2.0, [None, None, 0.0]),
        ("student_t", [0.5, 0.5, -500.0], 2.0, [None, None, -1.0]),
    ],
)
def test_gradients_at_far_predictions_are_true(name, output, y, gradient):
    """True values from the densities' formulas with 500 digits (mpmath)."""
    jax = pytest.importorskip("jax")
    from likely.losses.jax import criterion as pure

    leaf = torch.tensor([output], dtype=torch.float64, requires_grad=True)
    NLLLoss(name)(leaf, torch.tensor([y])).backward()
    with jax.enable_x64(True):
        found = jax.jit(jax.grad(pure(name)))(jax.numpy.array([output]), jax.numpy.array([y]))
    for k, want in enumerate(gradient):
        if want is not None:
            np.testing.assert_allclose([leaf.grad[0, k].item(), found[0, k]], want, rtol=1e-6, atol=1e-6)


def test_what_is_no_tensor_and_classes_along_the_second_axis_are_told():
    poisson, labels = NLLLoss("poisson"), NLLLoss(lk.Categorical(["a", "b", "c"]))
    assert poisson(torch.zeros(2), [1.0, 2.0]) == poisson(torch.zeros(2), np.array([1, 2]))
    with pytest.raises(DataError, match="the output must be tensors, found ndarray"):
        poisson(np.zeros(2), torch.ones(2))
    with pytest.raises(DataError, match="the target must be numbers, found <U3"):
        poisson(torch.zeros(2), ["one", "two"])
    with pytest.raises(DataError, match=r"output\.movedim\(1, -1\)"):
        labels(torch.zeros(2, 3, 5), torch.zeros(2, 5, dtype=torch.long))
    assert labels(torch.zeros(2, 3, 5).movedim(1, -1), torch.zeros(2, 5, dtype=torch.long)).item() > 1.0


def test_weights_and_a_mask_that_leave_nothing_together_are_told():
    jax = pytest.importorskip("jax")
    from likely.losses.jax import criterion as pure

    w, m = [1.0, 0.0, float("nan")], [False, True, False]
    with pytest.raises(DataError, match="every weight is 0"):
        NLLLoss("poisson")(torch.zeros(3), torch.ones(3), torch.tensor(w), torch.tensor(m))
    with pytest.raises(DataError, match="every weight is 0"):
        pure("poisson")(jax.numpy.zeros(3), jax.numpy.ones(3), jax.numpy.array(w), jax.numpy.array(m))
    m[0] = True  # and the weight that is masked may be missing
    assert NLLLoss("poisson")(torch.zeros(3), torch.ones(3), torch.tensor(w), torch.tensor(m)).item() == 1.0


def test_complex_numbers_are_refused_and_one_output_may_stand_for_all():
    jax = pytest.importorskip("jax")
    from likely.losses.jax import criterion as pure

    y = torch.ones(2)
    with pytest.raises(DataError, match="the target must be real numbers"):
        NLLLoss("poisson")(torch.zeros(2), y + 0j)
    with pytest.raises(DataError, match="the target must be real numbers"):
        pure("poisson")(jax.numpy.zeros(2), jax.numpy.ones(2) + 0j)
    assert NLLLoss("poisson")(torch.tensor(0.0), y).item() == 1.0
    assert float(pure("poisson")(jax.numpy.array(0.0), jax.numpy.ones(2))) == 1.0
