"""What training takes: weights that repeat rows, checkpoints of this very run, rows and options that are right."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

import likely as lk
from likely.errors import DataError, FitError, LikelyError, OptionError, SupportError

torch = pytest.importorskip("torch")
from likely.losses.torch import NLLLoss, train  # noqa: E402

N = 400


def slopes(n=N, seed=3):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 1))
    return x, rng.poisson(np.exp(0.4 + 0.6 * x[:, 0])).astype(float)


def linear(inputs=1):
    torch.manual_seed(0)
    return torch.nn.Linear(inputs, 1, dtype=torch.float64)


# -- weights ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("batch_size", "epochs"), [(1, 10), (8, 20), (64, 40)])
def test_weights_count_rows_whatever_the_size_of_a_batch(batch_size, epochs):
    """Where each row of a batch of 4 carries its own weight, nothing of it fades with the batch."""
    x, y = slopes()
    w = np.where(y > 4, 20.0, 1.0)  # of counts that the others make rare
    want = lk.fit("poisson", {"y": y, "x": x[:, 0]}, "y ~ x", weights=w, weights_kind="importance").coef
    model = linear()
    training = train(
        model,
        "poisson",
        (x, y, w),
        epochs=epochs,
        batch_size=batch_size,
        optimizer=lambda p: torch.optim.SGD(p, lr=min(0.003 * batch_size, 0.1)),
        scheduler=lambda o: torch.optim.lr_scheduler.ExponentialLR(o, 0.01 ** (1 / epochs)),
    )
    without = lk.fit("poisson", {"y": y, "x": x[:, 0]}, "y ~ x").coef
    assert abs(without["rate.Intercept"] - want["rate.Intercept"]) > 0.1  # so the weights show
    np.testing.assert_allclose([model.bias.item(), model.weight.item()], list(want.values()), atol=0.03)
    eta = model.bias.item() + model.weight.item() * x[:, 0]
    whole = np.average(-lk.Poisson().log_prob(y, rate=np.exp(eta)), weights=w)
    assert training.history[-1][1] == pytest.approx(whole, abs=5e-3)


def test_the_recorded_losses_are_weighted_means():
    x, y = slopes()
    w = np.random.default_rng(0).integers(0, 4, N).astype(float)
    model = linear()
    before = {k: v.clone() for k, v in model.state_dict().items()}
    standing = lambda p: torch.optim.SGD(p, lr=1e-300)  # noqa: E731  the losses of a network that stays
    training = train(model, "poisson", (x, y, w), validation=(x, y, w), epochs=1, batch_size=7, optimizer=standing)
    eta = before["bias"].item() + before["weight"].item() * x[:, 0]
    want = np.average(-lk.Poisson().log_prob(y, rate=np.exp(eta)), weights=w)
    np.testing.assert_allclose(training.history[0][1:3], [want, want], rtol=1e-9)
    data_set = [(torch.tensor(a), torch.tensor(b), torch.tensor(c)) for a, b, c in zip(x, y, w, strict=True)]
    again = train(linear(), "poisson", data_set_of(data_set), epochs=1, batch_size=7, optimizer=standing)
    assert again.history[0][1] == pytest.approx(want, rel=1e-9)


class data_set_of(torch.utils.data.Dataset):
    def __init__(self, rows):
        self.rows = rows

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, i):
        return self.rows[i]


def test_rows_of_weight_0_are_as_if_they_were_not_there():
    x, y = slopes()
    w = np.ones(N)
    w[50:] = 0.0  # whole batches of them
    y[60] = -5.0  # not a count, and nobody counts it
    model = linear()
    train(model, "poisson", (x, y, w), epochs=3, batch_size=16, lr=0.03)
    assert np.isfinite(model.weight.item())
    with pytest.raises(DataError, match="every weight is 0"):
        train(model, "poisson", (x, y, 0 * w))
    with pytest.raises(DataError, match="in validation: every weight is 0"):
        train(model, "poisson", (x, y, w), validation=(x, y, 0 * w))
    with pytest.raises(DataError, match="at least 0, found row 2: -1"):
        train(model, "poisson", (x[:3], y[:3], np.array([1, 1, -1.0])))


def test_a_weight_of_0_is_a_mask():
    criterion = NLLLoss("poisson", scale="natural")
    rate = torch.tensor([0.0, 2.0], requires_grad=True)
    value = criterion(rate, torch.tensor([1.0, 2.0]), weights=torch.tensor([0.0, 1.0]))  # the first is infinite
    value.backward()
    assert value.item() == pytest.approx(-lk.Poisson().log_prob(2.0, rate=2.0))
    assert rate.grad.tolist() == [0.0, 0.0]
    assert lk.loss("poisson")([1.0, 2.0], [0.0, 2.0], weights=[0.0, 1.0]) == 0.0


# -- checkpoints -----------------------------------------------------------------------------------------------


def started(path, **options):
    x, y = slopes()
    options = {"loss": "poisson", "data": (x, y), "model": linear(), "epochs": 1, **options}
    return train(options.pop("model"), options.pop("loss"), options.pop("data"), checkpoint=path, **options)


@pytest.mark.parametrize(
    ("what", "options"),
    [
        ("fingerprint of the rows", lambda x, y: {"data": (x, y[::-1].copy())}),
        ("fingerprint of the rows", lambda x, y: {"data": (x, y, np.linspace(0.5, 1.5, N))}),
        ("optimizer's lr", lambda x, y: {"lr": 0.1}),
        ("optimizer", lambda x, y: {"weight_decay": 0.1}),
        ("scheduler", lambda x, y: {"scheduler": lambda o: torch.optim.lr_scheduler.StepLR(o, 2)}),
        ("network", lambda x, y: {"model": torch.nn.Sequential(linear(), torch.nn.Tanh())}),
    ],
)
def test_a_checkpoint_is_of_these_rows_and_options(tmp_path, what, options):
    path = tmp_path / "run.pt"
    started(path)
    with pytest.raises(OptionError, match=f"another run: its {what}"):
        started(path, **options(*slopes()), epochs=2)


def test_a_checkpoint_knows_the_options_of_a_loss_of_pytorch(tmp_path):
    path = tmp_path / "run.pt"
    started(path, loss=torch.nn.HuberLoss(delta=1.0))
    with pytest.raises(OptionError, match="another run: its loss's options"):
        started(path, loss=torch.nn.HuberLoss(delta=2.0), epochs=2)
    assert started(path, loss=torch.nn.HuberLoss(delta=1.0), epochs=2).epochs == 2


def test_options_from_numpy_make_a_checkpoint_that_can_be_read(tmp_path):
    path = tmp_path / "run.pt"
    options = {"lr": np.float64(0.01), "batch_size": np.int64(64), "seed": np.int64(1), "clip": np.float32(2.0)}
    started(path, **options, weight_decay=np.float64(0.1))
    assert started(path, **options, weight_decay=np.float64(0.1), epochs=np.int64(3)).epochs == 3
    with pytest.raises(OptionError, match="after epoch 3, further than epochs=1"):
        started(path, **options, weight_decay=np.float64(0.1), epochs=1)


def test_a_damaged_checkpoint_is_refused(tmp_path):
    path = tmp_path / "run.pt"
    started(path)
    whole = path.read_bytes()
    at = whole.rindex(torch.load(path, weights_only=True)["model"]["bias"].numpy().tobytes())
    for damaged in (whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :], whole[: len(whole) // 2], b""):
        path.write_bytes(damaged)
        with pytest.raises(DataError, match="cannot be read as a checkpoint"):
            started(path, epochs=2)
    torch.save({"format": "likely training checkpoint 2"}, path)
    with pytest.raises(DataError, match="no checkpoint of"):
        started(path, epochs=2)


class Drawn(torch.utils.data.Dataset):
    """Rows with noise that is drawn anew, as augmentations do."""

    def __len__(self):
        return 20

    def __getitem__(self, i):
        return torch.randn(1, dtype=torch.float64), torch.tensor(float(i % 3))


def test_a_data_set_that_draws_its_rows_goes_on_and_leaves_the_global_state_alone(tmp_path):
    path = tmp_path / "run.pt"
    before = torch.get_rng_state()
    started(path, data=Drawn())
    torch.rand(3)
    assert started(path, data=Drawn(), epochs=3).epochs == 3
    torch.set_rng_state(before)
    started(tmp_path / "other.pt", data=Drawn())
    assert torch.equal(torch.get_rng_state(), before)


def test_an_optimizer_that_was_used_goes_on(tmp_path):
    path, model = tmp_path / "run.pt", linear()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    for epochs in (2, 4):
        training = started(
            path,
            model=model,
            optimizer=optimizer,
            epochs=epochs,
            scheduler=lambda o: torch.optim.lr_scheduler.StepLR(o, 1),
        )
    assert training.epochs == 4
    other = linear()
    whole = started(
        None,
        model=other,
        epochs=4,
        optimizer=lambda p: torch.optim.SGD(p, lr=0.01),
        scheduler=lambda o: torch.optim.lr_scheduler.StepLR(o, 1),
    )
    assert whole.history[-1][1] == training.history[-1][1]
    assert torch.equal(other.weight, model.weight)


# -- rows and options ------------------------------------------------------------------------------------------


def test_an_infinite_held_out_loss_is_no_better_and_keeps_the_best():
    class Jumps(torch.nn.Module):
        """After the first epoch it gives a count of 1 or more no chance."""

        def __init__(self):
            super().__init__()
            self.rate, self.seen = torch.nn.Parameter(torch.tensor(1.0)), 0

        def forward(self, x):
            self.seen += not self.training
            return self.rate * torch.full((len(x),), 0.0 if self.seen > 1 and not self.training else 1.0)

    x, y = slopes()
    criterion = NLLLoss("poisson", scale="natural")
    training = train(Jumps(), criterion, (x, y), validation=0.25, epochs=3)
    assert training.best_epoch == 1
    assert training.history[2][2] == np.inf
    never = Jumps()
    never.seen = 5
    with pytest.raises(FitError, match="infinite after every epoch"):
        train(never, criterion, (x, y), validation=0.25, epochs=2)


def test_rows_to_check_with_are_looked_at_before_the_first_step():
    x, y = slopes()
    model = linear()
    before = model.weight.item()
    bad = y.copy()
    bad[307] = 0.5
    with pytest.raises(SupportError, match=r"in validation: .*row 307: 0\.5"):
        train(model, "poisson", (x, y), validation=(x, bad))
    assert model.weight.item() == before


def test_data_sets_of_dicts_of_doubles_and_of_codes():
    class Lookup(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.table = torch.nn.Embedding(3, 1)

        def forward(self, x):
            return self.table(x["code"] if isinstance(x, dict) else x)

    codes = np.arange(300) % 3
    y = np.array([1.0, 4.0, 9.0])[codes]
    rows = [({"code": torch.tensor(c), "unused": torch.tensor(0.5, dtype=torch.float64)}, v) for c, v in zip(codes, y)]  # noqa: B905
    for data in ((codes, y), data_set_of(rows)):
        model = Lookup()
        train(model, "poisson", data, epochs=150, batch_size=300, lr=0.1)
        np.testing.assert_allclose(np.exp(model.table.weight[:, 0].tolist()), [1.0, 4.0, 9.0], rtol=1e-2)
    doubles = data_set_of([(torch.tensor([0.5], dtype=torch.float64), torch.tensor(1.0))] * 10)
    assert train(torch.nn.Linear(1, 1), "poisson", doubles, epochs=1).epochs == 1
    bad = data_set_of([(torch.tensor([0.5]), torch.tensor(v)) for v in (1.0, -1.0)])
    with pytest.raises(SupportError, match="as they come in batch 1 of epoch 1"):
        train(torch.nn.Linear(1, 1), "poisson", bad, epochs=1)


def test_a_target_of_weight_0_may_be_missing():
    x, y = slopes(8)
    y[2] = np.nan
    w = np.ones(8)
    w[2] = 0.0
    assert train(linear(), "poisson", (x, y, w), epochs=1).epochs == 1
    assert train(linear(), "poisson", (x[3:], y[3:], None), epochs=1).epochs == 1
    with pytest.raises(LikelyError, match="row 2: nan"):
        train(linear(), "poisson", (x, y, w + 1), epochs=1)


@pytest.mark.parametrize("kind", [">f8", "longdouble", "float16", "uint16", "bool"])
def test_any_numbers_of_numpy_will_do(kind):
    x, y = slopes(8)
    assert train(linear(), "poisson", (np.abs(x).astype(kind), y), epochs=1).epochs == 1


def rows_of(*row):
    return data_set_of([row if len(row) > 1 else row[0]] * 4)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (lambda x, y: {"X": x, "y": y}, "found dict"),
        (lambda x, y: "data.csv", "found str"),
        (lambda x, y: x, "found ndarray"),
        (lambda x, y: torch.tensor(x), "found Tensor"),
        (lambda x, y: (x, y, y, y), "found 4 parts"),
        (lambda x, y: (x + 0j, y), "X of data must be numbers, found complex128"),
        (lambda x, y: (x, torch.tensor(y + 0j)), "y of data must be real numbers"),
        (lambda x, y: (x, np.arange(len(y)).astype("datetime64[D]")), "y of data must be numbers, found datetime64"),
        (lambda x, y: ([[1.0], [1.0, 2.0]], [1.0, 2.0]), "in rows of the same length"),
        (lambda x, y: rows_of(torch.ones(1)), "a row of data is .*found Tensor"),
        (lambda x, y: rows_of({"x": 1.0}), "a row of data is .*found dict"),
        (lambda x, y: rows_of("a", 1.0), r"a row of data is .*found \(str, float\)"),
        (lambda x, y: rows_of(torch.ones(1), 1.0, "heavy"), "the weight of row 0 of data must be numbers"),
        (lambda x, y: data_set_of([(torch.ones(1), 1.0), (torch.ones(2), 1.0)]), "do not make a batch"),
    ],
)
def test_data_of_other_shapes_is_told(data, message):
    with pytest.raises(DataError, match=message):
        train(linear(), "poisson", data(*slopes(8)), epochs=1)


def test_a_data_set_with_weights_is_gone_through_once_before_training():
    read = []

    class Counting(data_set_of):
        def __getitem__(self, i):
            read.append(i)
            return super().__getitem__(i)

    rows = [(torch.ones(1), torch.tensor(1.0), torch.tensor(2.0))] * 40
    train(torch.nn.Linear(1, 1), "poisson", Counting(rows), epochs=1, validation=0.25)
    assert len(read) == 1 + 40 + 40  # a look at the first, the weights, the epoch with its check


def test_arrays_that_cannot_be_written_to_are_no_warning():
    x, y = slopes()
    x.flags.writeable = y.flags.writeable = False
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        train(linear(), "poisson", (x, y), epochs=1)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"lr": 0.0}, "lr is a positive number"),
        ({"lr": "fast"}, "lr is a positive number"),
        ({"clip": -1.0}, "clip is a positive number"),
        ({"clip": 0}, "clip is a positive number"),
        ({"weight_decay": -1.0}, "weight_decay is a positive number"),
        ({"seed": -1}, "seed is a whole number of at least 0"),
        ({"seed": None}, "seed is a whole number"),
        ({"device": "abacus"}, "device='abacus'"),
        ({"scheduler": "cosine"}, "scheduler= makes one"),
        ({"checkpoint": 3}, "a checkpoint is written to a file"),
        ({"loss": torch.nn.MSELoss}, "MSELoss is a class"),
        ({"model": np.exp}, "torch.nn.Module"),
        ({"optimizer": torch.optim.SGD(torch.nn.Linear(1, 1).parameters(), lr=0.1)}, "no parameter of this model"),
    ],
)
def test_options_that_cannot_be_are_told(options, message):
    x, y = slopes()
    model, loss = options.get("model", linear()), options.get("loss", "poisson")
    with pytest.raises(LikelyError, match=message):
        train(model, loss, (x, y), epochs=1, **{k: v for k, v in options.items() if k not in ("model", "loss")})


def test_weights_that_ran_away_are_told_as_such():
    x, y = slopes()
    model = linear()
    with torch.no_grad():
        model.weight.fill_(float("nan"))
    with pytest.raises(FitError, match="in batch 1 of epoch 1: the steps are too long"):
        train(model, "poisson", (x, y), epochs=1)


def test_a_callback_may_answer_with_a_bool_of_numpy():
    x, y = slopes()
    training = train(linear(), "poisson", (x, y), epochs=5, callback=lambda epoch, loss, held: np.bool_(epoch == 2))
    assert (training.epochs, training.stopped) == (2, "stopped by the callback")
