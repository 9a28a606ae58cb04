"""NLLLoss beside PyTorch's own losses, at extreme outputs, in every dtype, and with what it refuses."""

from __future__ import annotations

import shutil

import numpy as np
import pytest

import likely as lk
from likely.errors import DataError, MissingValuesError, OptionError, ParameterError, SupportError, UnknownNameError
from likely.families import FAMILIES, get_family

torch = pytest.importorskip("torch")
from likely.likelihoods import offers_of  # noqa: E402
from likely.losses.torch import NLLLoss  # noqa: E402

F = torch.nn.functional
RNG = np.random.default_rng(4)
REAL = np.concatenate([RNG.normal(size=40), [1e4, -1e4, 0.0]])
AT = np.concatenate([RNG.normal(size=40) * 2, [-3e3, 1e3, 0.0]])
HITS = (RNG.random(43) < 0.5).astype(float)
LOGITS = np.concatenate([RNG.normal(size=40) * 3, [500.0, -500.0, 0.0]])
COUNTS = np.concatenate([RNG.poisson(3.0, size=41), [0, 40]]).astype(float)
RATES = np.concatenate([RNG.normal(size=41), [-20.0, 8.0]])

# name, ours, theirs (output, target), outputs, targets
TWINS = [
    ("MSELoss", lambda: lk.loss(lk.Normal()), torch.nn.MSELoss(), AT, REAL),
    ("L1Loss", lambda: lk.loss(lk.Laplace()), torch.nn.L1Loss(), AT, REAL),
    ("BCEWithLogitsLoss", lk.Bernoulli, torch.nn.BCEWithLogitsLoss(), LOGITS, HITS),
    ("PoissonNLLLoss", lambda: lk.loss(lk.Poisson(), scale="link"), torch.nn.PoissonNLLLoss(), RATES, COUNTS),
]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("name", "ours", "theirs", "output", "target"), TWINS, ids=[t[0] for t in TWINS])
def test_the_twin_of_a_loss_of_torch(name, ours, theirs, output, target, dtype):
    kind = getattr(torch, dtype)
    criterion = NLLLoss(ours())
    y = torch.tensor(target, dtype=kind)
    mine, twin = (torch.tensor(output, dtype=kind, requires_grad=True) for _ in range(2))
    a, b = criterion(mine, y), theirs(twin, y)
    scale, offset = 1.0, 0.0
    if name == "PoissonNLLLoss":  # torch leaves out what does not depend on the rate, ours is half the deviance
        offset = float(torch.mean(torch.xlogy(y, y) - y))
    a.backward()
    b.backward()
    rtol = 2e-6 if dtype == "float32" else 1e-12
    torch.testing.assert_close(a.detach() * scale - offset, b.detach(), rtol=rtol, atol=rtol)
    torch.testing.assert_close(mine.grad, twin.grad, rtol=rtol, atol=rtol * float(twin.grad.abs().max()))


@pytest.mark.parametrize("delta", [0.5, 1.345])
def test_hubers_loss(delta):
    y, kind = torch.tensor(REAL), torch.float64
    mine, twin = (torch.tensor(AT, dtype=kind, requires_grad=True) for _ in range(2))
    a = NLLLoss(lk.loss(lk.Huber(k=delta, scale=1.0)))(mine, y)
    b = F.huber_loss(twin, y, delta=delta)
    ratio = (torch.autograd.grad(a, mine)[0] / torch.autograd.grad(b, twin)[0]).numpy()
    ratio = ratio[np.isfinite(ratio)]
    np.testing.assert_allclose(ratio, ratio[0], rtol=1e-12)
    np.testing.assert_allclose(a.item(), ratio[0] * b.item(), rtol=1e-12)
    smooth = F.smooth_l1_loss(twin, y, beta=delta)  # the same, divided by delta
    np.testing.assert_allclose(a.item(), ratio[0] * delta * smooth.item(), rtol=1e-12)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_gaussian_nll_with_two_heads(dtype):
    kind = getattr(torch, dtype)
    y = torch.tensor(REAL[:40], dtype=kind)
    mean = torch.tensor(AT[:40], dtype=kind, requires_grad=True)
    log_sd = torch.tensor(RATES[:40], dtype=kind, requires_grad=True)
    a = NLLLoss("normal")((mean, log_sd), y)
    b = F.gaussian_nll_loss(mean, y, torch.exp(2 * log_sd), full=True, eps=1e-12)
    tolerance = 1e-6 if dtype == "float32" else 1e-12
    torch.testing.assert_close(a, b, rtol=tolerance, atol=0)
    for one, two in zip(torch.autograd.grad(a, [mean, log_sd]), torch.autograd.grad(b, [mean, log_sd]), strict=True):
        torch.testing.assert_close(one, two, rtol=5e-6 if dtype == "float32" else 1e-11, atol=tolerance)


@pytest.mark.parametrize("full", [False, True])
def test_poisson_nll_on_the_natural_scale(full):
    y, rate = torch.tensor(COUNTS), torch.tensor(np.exp(RATES), requires_grad=True)
    ours = NLLLoss(lk.Poisson(), scale="natural", reduction="none")(rate, y)
    # torch takes Stirling's approximation for log y!, from 2 on; the truth is lgamma
    truth = F.poisson_nll_loss(rate, y, log_input=False, eps=0.0, reduction="none") + torch.lgamma(y + 1)
    torch.testing.assert_close(ours, truth, rtol=1e-12, atol=1e-12)
    if full:
        near = F.poisson_nll_loss(rate, y, log_input=False, full=True, eps=0.0, reduction="none")
        large = y > 20
        torch.testing.assert_close(ours[large], near[large], rtol=1e-3, atol=1e-2)


def test_bce_and_cross_entropy():
    p = torch.tensor(RNG.uniform(0.01, 0.99, size=43), requires_grad=True)
    y = torch.tensor(HITS)
    a, b = NLLLoss(lk.Bernoulli(), scale="natural")(p, y), F.binary_cross_entropy(p, y)
    torch.testing.assert_close(a, b)
    torch.testing.assert_close(torch.autograd.grad(a, p)[0], torch.autograd.grad(b, p)[0])
    logits = torch.tensor([[500.0, -500.0, 0.0], [-500.0, 500.0, 499.0], [1.0, 2.0, 3.0]], requires_grad=True)
    codes = torch.tensor([1, 2, 0])
    a, b = NLLLoss("categorical")(logits, codes), F.cross_entropy(logits, codes)
    torch.testing.assert_close(a, b)
    torch.testing.assert_close(torch.autograd.grad(a, logits)[0], torch.autograd.grad(b, logits)[0])


@pytest.mark.parametrize("reduction", ["none", "mean", "sum"])
@pytest.mark.parametrize("name", ["normal", "laplace", "bernoulli", "poisson", "categorical"])
def test_a_loss_in_one_piece_is_the_derived_one(name, reduction):
    """The kernel beside the log-density: the same numbers and gradients, in any shape of batch."""
    wide = (3,) if name == "categorical" else ()
    family = lk.Categorical(levels=[0, 1, 2]) if name == "categorical" else name
    output = torch.tensor(RNG.normal(size=(4, 5, *wide)) * 4, requires_grad=True)
    y = torch.tensor(RNG.integers(0, 3 if wide else 2, size=(4, 5)).astype(float))
    fast, slow = (NLLLoss(lk.loss(family, scale="link"), reduction=reduction) for _ in range(2))
    assert fast._fused is not None
    slow._fused = None
    a, b = fast(output, y), slow(output, y)
    torch.testing.assert_close(a, b, rtol=1e-12, atol=1e-12)
    one, two = (torch.autograd.grad(v.sum(), output)[0] for v in (a, b))
    torch.testing.assert_close(one, two, rtol=1e-10, atol=1e-12)


def cases():
    for name in FAMILIES:
        family = get_family(name)
        if not (
            family.kind.labels
            or not offers_of(family).predictors
            or any(p.known_only or p.edge for p in family.parameters)
        ):
            yield name


def grid(criterion, ends):
    family = criterion.family
    ys = [y for y in (-3.0, 0.0, 0.4, 1.0, 2.5, 7.0) if bool(np.all(family.support.contains(y)))]
    return np.array(np.meshgrid(ys, *[ends for _ in criterion.heads], indexing="ij")).reshape(
        1 + len(criterion.heads), -1
    )


def tried(criterion, points, dtype):
    y, *columns = (torch.tensor(row, dtype=dtype) for row in points)
    columns = [c.requires_grad_() for c in columns]
    value = criterion(tuple(columns), y)
    gradients = torch.autograd.grad(value.sum(), columns, allow_unused=True)
    return value.detach(), [g for g in gradients if g is not None]


@pytest.mark.parametrize("name", list(cases()))
def test_outputs_far_out_never_give_nan(name):
    """Every head at -500, -30, 0, 30, 500: single gives what double gives, or infinity where it is too large."""
    criterion = NLLLoss(name, reduction="none", check=False)
    points = grid(criterion, (-500.0, -30.0, 0.0, 30.0, 500.0))
    # what float32 makes of the numbers themselves is not the loss's doing
    points = points.astype(np.float32).astype(float)
    single, g32 = tried(criterion, points, torch.float32)
    double, g64 = tried(criterion, points, torch.float64)
    assert not torch.isnan(single).any()
    assert not torch.isnan(double).any()
    fits = torch.isfinite(double) & (double.abs() < 3e38)
    torch.testing.assert_close(single[fits].double(), double[fits], rtol=1e-5, atol=1e-5)
    for one, two in zip(g32, g64, strict=True):
        good = torch.isfinite(double)
        assert not torch.isnan(one[good]).any()
        inside = torch.isfinite(two) & (two.abs() < 3e38) & good
        torch.testing.assert_close(one[inside].double(), two[inside], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", list(cases()))
def test_value_and_gradient_are_those_of_the_density_on_numpy(name):
    family = get_family(name)
    criterion = NLLLoss(family, reduction="none")
    points = grid(criterion, (-0.7, 0.3, 1.1))
    value, gradients = tried(criterion, points, torch.float64)
    heads = dict(zip(criterion.heads, points[1:], strict=True))
    want, first, _ = lk.nll(family, scale="link").derivatives(points[0], **heads)
    np.testing.assert_allclose(value.numpy(), want, rtol=1e-10, atol=1e-12)
    for got, head in zip(gradients, criterion.heads, strict=True):
        np.testing.assert_allclose(got.numpy(), first[head], rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_half_precision_is_computed_as_single(dtype):
    kind = getattr(torch, dtype)
    logits = torch.tensor([500.0, -500.0, 0.25], dtype=kind, requires_grad=True)
    y = torch.tensor([0.0, 1.0, 1.0])
    value = NLLLoss("bernoulli")(logits, y)
    assert value.dtype is torch.float32
    want = F.binary_cross_entropy_with_logits(logits.float(), y)
    torch.testing.assert_close(value, want)
    value.backward()
    assert logits.grad.dtype is kind
    assert torch.isfinite(logits.grad).all()


@pytest.mark.parametrize("name", ["normal", "bernoulli", "categorical", "poisson"])
def test_gradients_of_single_rows_by_vmap(name):
    criterion, codes = NLLLoss(name), torch.tensor([0, 1, 1, 0])
    output = torch.randn(4, 2, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    output = output if name in ("normal", "categorical") else output[:, 0]
    one = torch.func.grad(lambda o, y: criterion(o[None], y[None]))
    found = torch.func.vmap(one)(output, codes)
    torch.testing.assert_close(found, torch.stack([one(o, y) for o, y in zip(output, codes, strict=True)]))
    whole = torch.func.grad(lambda o: criterion(o, codes))(output)
    torch.testing.assert_close(found / 4, whole)
    assert torch.func.vmap(lk.loss("normal"))(codes.double(), codes.double()).shape == (4,)


def test_nothing_is_looked_at_where_there_is_nothing():
    assert NLLLoss("normal")(torch.zeros(3, 2, device="meta"), torch.zeros(3, device="meta")).device.type == "meta"


def test_double_backward():
    criterion = NLLLoss("gamma")
    output = torch.tensor(RNG.normal(size=(6, 2)), requires_grad=True)
    y = torch.tensor(RNG.gamma(2.0, size=6))
    assert torch.autograd.gradcheck(lambda o: criterion(o, y), output)
    assert torch.autograd.gradgradcheck(lambda o: criterion(o, y), output)


@pytest.mark.parametrize("name", ["normal", "bernoulli", "gamma", "student_t", "negative_binomial"])
def test_compiled_as_one_graph(name):
    criterion = NLLLoss(name)
    width = len(criterion.heads)
    output = torch.tensor(RNG.normal(size=(8, width)), requires_grad=True)
    y = torch.tensor(np.ones(8))
    compiled = torch.compile(criterion, backend="aot_eager", fullgraph=True)
    a, b = compiled(output, y), criterion(output, y)
    torch.testing.assert_close(a, b)
    torch.testing.assert_close(torch.autograd.grad(a, output)[0], torch.autograd.grad(b, output)[0])


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("g++") is None, reason="torch.compile needs a C++ compiler")
@pytest.mark.filterwarnings("ignore")  # of torch's own code generation
def test_compiled_to_machine_code():
    criterion = NLLLoss("normal")
    output = torch.tensor(RNG.normal(size=(8, 2)), dtype=torch.float32, requires_grad=True)
    y = torch.tensor(RNG.normal(size=8), dtype=torch.float32)
    mask = torch.tensor([True] * 6 + [False] * 2)
    a, b = torch.compile(criterion)(output, y, mask=mask), criterion(output, y, mask=mask)
    torch.testing.assert_close(a, b)


# -- shapes, weights, masks ------------------------------------------------------------------------------------


def test_outputs_in_every_shape_say_the_same():
    y = torch.tensor([1.0, 2.0, 4.0])
    mean, log_sd = torch.tensor([1.0, 1.5, 2.0]), torch.tensor([0.0, 0.5, 0.1])
    criterion = NLLLoss(lk.Normal())
    want = criterion({"sd": log_sd, "mean": mean}, y)
    assert criterion((mean, log_sd), y) == want
    assert criterion(torch.stack([mean, log_sd], dim=-1), y) == want
    assert criterion((mean[:, None], log_sd[:, None]), y) == want
    grid_y = torch.stack([y, y])
    assert criterion(torch.stack([mean, log_sd], -1).expand(2, 3, 2), grid_y) == pytest.approx(want.item())
    one = NLLLoss(lk.Normal(sd=1.0))
    assert one(mean, y) == one(mean[:, None], y) == one(mean[:, None], y[:, None])


def test_reductions_and_weights():
    y, output = torch.tensor([1.0, 2.0, 4.0]), torch.tensor([0.5, 2.0, 1.0])
    rows = NLLLoss(lk.Normal(sd=1.0), reduction="none")(output, y)
    want = torch.distributions.Normal(output, 1.0)
    torch.testing.assert_close(rows, -want.log_prob(y))
    w = torch.tensor([1.0, 2.0, 0.0])
    torch.testing.assert_close(NLLLoss(lk.Normal(sd=1.0))(output, y, weights=w), (rows * w).sum() / 3.0)
    torch.testing.assert_close(NLLLoss(lk.Normal(sd=1.0), reduction="sum")(output, y, weights=w), (rows * w).sum())


@pytest.mark.parametrize("name", ["normal", "gamma", "bernoulli", "beta", "categorical", "poisson"])
def test_what_is_masked_may_be_anything(name):
    criterion = NLLLoss(name)
    width = 3 if name == "categorical" else len(criterion.heads)
    y = torch.tensor(
        [0.0, 1.0, 2.0] if name == "categorical" else [1.0, 0.0, 1.0] if name == "bernoulli" else [0.3] * 3
    )
    if name == "poisson":
        y = torch.tensor([1.0, 2.0, 0.0])
    output = torch.tensor(RNG.normal(size=(3, width)), dtype=torch.float32)
    kept = criterion(output[:2].clone(), y[:2])
    for rubbish in (torch.nan, torch.inf, -7.5):
        other, spoilt = y.clone(), output.clone()
        other[2], spoilt[2] = rubbish, rubbish
        spoilt.requires_grad_()
        value = criterion(spoilt, other, mask=torch.tensor([True, True, False]))
        torch.testing.assert_close(value, kept)
        gradient = torch.autograd.grad(value, spoilt)[0]
        assert torch.isfinite(gradient).all()
        assert (gradient[2] == 0).all()


def test_what_each_batch_brings_along():
    y, n = torch.tensor([3.0, 0.0]), torch.tensor([5.0, 2.0])
    logits = torch.tensor([0.2, -1.0])
    want = -torch.distributions.Binomial(n, logits=logits, validate_args=False).log_prob(y).mean()
    torch.testing.assert_close(NLLLoss(lk.Binomial())(logits, y, n=n), want)
    with pytest.raises(OptionError, match=r"given its 'n': criterion\(output, target, n=...\)"):
        NLLLoss(lk.Binomial())(logits, y)


def test_ordered_labels_take_thresholds_and_a_location():
    criterion = NLLLoss(lk.Ordinal(levels=["low", "mid", "high"]))
    assert criterion.heads[0] == "threshold"
    output = torch.tensor([[-1.0, 1.0, *[0.0] * (len(criterion.heads) - 1)]])
    value = criterion(output.double(), torch.tensor([1]))
    assert value.item() == pytest.approx(-np.log(1 / (1 + np.exp(-1)) - 1 / (1 + np.exp(1))))


def test_losses_and_modules_of_each_other():
    loss = lk.loss(lk.StudentT(scale=1.0, df=4.0))
    module = loss.torch()
    y, p = torch.tensor([0.0, 3.0]), torch.tensor([1.0, -2.0])
    torch.testing.assert_close(module(p, y), loss(y, p))
    nll = lk.nll("gamma", scale="link")
    torch.testing.assert_close(
        nll.torch()((p, y), torch.tensor([1.0, 2.0])), nll(torch.tensor([1.0, 2.0]), mean=p, shape=y)
    )


def test_a_density_of_ones_own():
    @lk.family(params={"rate": lk.Positive}, support="positive")
    def waiting(y, rate, xp):
        return xp.log(rate) - rate * y

    output = torch.tensor([0.3, -400.0], requires_grad=True)
    value = NLLLoss(waiting)(output, torch.tensor([1.0, 2.0]))
    assert value.item() == pytest.approx((-0.3 + np.exp(0.3) + 400.0) / 2, rel=1e-6)


# -- what cannot be --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "output", "target", "error", "match"),
    [
        ("gamma", [[0.0, 0.0]] * 3, [1.0, -2.0, 3.0], SupportError, r"Gamma is for numbers > 0.*row 1: -2"),
        ("poisson", [0.0, 0.0], [1.5, 2.0], SupportError, r"Poisson is for whole numbers.*row 0: 1.5"),
        ("bernoulli", [0.0, 0.0], [2.0, 0.0], SupportError, "row 0: 2"),
        ("normal", [[0.0, 0.0]] * 2, [float("nan"), 1.0], MissingValuesError, "NaN.*row 0"),
        (
            "normal",
            [[0.0, 0.0], [float("nan"), 0.0]],
            [1.0, 1.0],
            ParameterError,
            "mean must be a finite number.*row 1",
        ),
        ("normal", [[0.0]] * 2, [1.0, 1.0], DataError, r"needs 2 outputs.*mean, sd.*this output has 1"),
        ("normal", [0.0, 0.0], [1.0, 1.0], DataError, r"expected \(2, 2\), found \(2,\)"),
        ("bernoulli", [[0.0, 1.0]], [1.0], DataError, "output"),
        ("bernoulli", [1, 2], [1.0, 0.0], DataError, "floating-point"),
        ("categorical", [[0.0, 1.0], [0.0, 0.0]], [0, 2], SupportError, "codes 0 to 1.*row 1: 2"),
        ("poisson", [], [], DataError, "empty"),
    ],
)
def test_what_cannot_be_is_told(source, output, target, error, match):
    with pytest.raises(error, match=match):
        NLLLoss(source)(torch.tensor(output), torch.tensor(target))


@pytest.mark.parametrize(("name", "edge"), [("uniform", "low"), ("pareto", "minimum")])
def test_an_end_of_the_support_is_nothing_to_train(name, edge):
    with pytest.raises(OptionError, match=f"{edge} of .* is an end of the support"):
        NLLLoss(name)


def test_natural_values_outside_their_domain():
    with pytest.raises(ParameterError, match=r"sd must be a positive number.*row 1: -1"):
        NLLLoss("normal", scale="natural")((torch.zeros(2), torch.tensor([1.0, -1.0])), torch.zeros(2))


def test_options_that_cannot_be_read():
    with pytest.raises(UnknownNameError, match="reduction"):
        NLLLoss("normal", reduction="average")
    with pytest.raises(OptionError, match="those of the loss"):
        NLLLoss(lk.loss("normal"), scale="link")
    with pytest.raises(UnknownNameError, match="head"):
        NLLLoss("normal")({"mean": torch.zeros(1), "scale": torch.zeros(1)}, torch.zeros(1))
    with pytest.raises(OptionError, match="lacks the head 'sd'"):
        NLLLoss("normal")({"mean": torch.zeros(1)}, torch.zeros(1))
    with pytest.raises(OptionError, match="nothing for a network"):
        NLLLoss(lk.Normal(mean=0.0, sd=1.0))
    with pytest.raises(OptionError, match="or pass n= with each batch"):
        NLLLoss(lk.Binomial(n=[1, 2, 3]))
    with pytest.raises(DataError, match="True and False"):
        NLLLoss("poisson")(torch.zeros(2), torch.zeros(2), mask=torch.ones(2))
    with pytest.raises(DataError, match="leaves no observation"):
        NLLLoss("poisson")(torch.zeros(2), torch.zeros(2), mask=torch.zeros(2, dtype=torch.bool))


def test_it_moves_with_its_network():
    model = torch.nn.Sequential(torch.nn.Linear(2, 2), NLLLoss("normal"))
    assert [name for name in model.state_dict() if name.startswith("1")] == []
    assert "Normal()" in repr(model)
