"""Training: the same peak as Newton's, the same run after a kill, and what it refuses."""

from __future__ import annotations

import copy
import os
import signal
import subprocess
import sys
import textwrap
import time

import numpy as np
import pytest

import likely as lk
from likely.errors import DataError, FitError, Interrupted, MissingValuesError, OptionError, SupportError

torch = pytest.importorskip("torch")
from likely.losses.torch import NLLLoss, train  # noqa: E402

N = 500


@pytest.fixture(autouse=True)
def same_start():
    torch.manual_seed(0)


def data(name):
    rng = np.random.default_rng(11)
    x = rng.normal(size=(N, 2))
    eta = 0.3 + x @ [0.5, -0.4]
    y = {
        "bernoulli": lambda: (rng.random(N) < 1 / (1 + np.exp(-eta))).astype(float),
        "poisson": lambda: rng.poisson(np.exp(eta)).astype(float),
        "normal": lambda: rng.normal(eta, np.exp(0.2 + 0.3 * x[:, 0])),
        "gamma": lambda: rng.gamma(3.0, np.exp(eta) / 3.0),
        "student_t": lambda: eta + 0.5 * rng.standard_t(4, size=N),
    }[name]()
    return x, y


class Heads(torch.nn.Module):
    """Linear predictors for some parameters, one number for each of the others."""

    def __init__(self, inputs, predicted, constants):
        super().__init__()
        self.linear = torch.nn.Linear(inputs, predicted, dtype=torch.float64)
        self.constants = torch.nn.Parameter(torch.zeros(constants, dtype=torch.float64))

    def forward(self, x):
        return torch.cat([self.linear(x), self.constants.expand(len(x), -1)], dim=-1)


@pytest.mark.parametrize(
    ("name", "predicted", "formulas"),
    [
        ("bernoulli", 1, {}),
        ("poisson", 1, {}),
        ("normal", 2, {"sd": "~ a + b"}),
        ("gamma", 1, {}),
        ("student_t", 1, {}),
    ],
)
def test_gradient_descent_and_newton_meet(name, predicted, formulas):
    x, y = data(name)
    fit = lk.fit(name, {"y": y, "a": x[:, 0], "b": x[:, 1]}, "y ~ a + b", **formulas)
    criterion = NLLLoss(name)
    torch.manual_seed(0)
    model = Heads(2, predicted, len(criterion.heads) - predicted)
    train(
        model,
        criterion,
        (x, y),
        epochs=400,
        batch_size=N,
        lr=0.1,
        scheduler=lambda optimizer: torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.985),
    )
    for k, head in enumerate(criterion.heads[:predicted]):
        got = [model.linear.bias[k].item(), *model.linear.weight[k].tolist()]
        want = [fit.coef[f"{head}.{term}"] for term in ("Intercept", "a", "b")]
        np.testing.assert_allclose(got, want, atol=1e-3)


def test_mini_batches_come_close_and_lbfgs_closer():
    x, y = data("poisson")
    want = lk.fit("poisson", {"y": y, "a": x[:, 0], "b": x[:, 1]}, "y ~ a + b").coef
    model = torch.nn.Linear(2, 1, dtype=torch.float64)
    train(
        model,
        "poisson",
        (x, y),
        epochs=20,
        batch_size=N,
        optimizer=lambda p: torch.optim.LBFGS(p, line_search_fn="strong_wolfe"),
    )
    np.testing.assert_allclose(model.weight[0].tolist(), [want["rate.a"], want["rate.b"]], atol=1e-5)


def small(seed=0):
    torch.manual_seed(seed)
    return torch.nn.Sequential(torch.nn.Linear(2, 8), torch.nn.ReLU(), torch.nn.Dropout(0.2), torch.nn.Linear(8, 2))


def run(path=None, epochs=6, model=None, **options):
    x, y = data("normal")
    model = small() if model is None else model
    options = {"validation": 0.2, "batch_size": 64, "checkpoint": path, "weight_decay": 1e-3, **options}
    return train(model, "normal", (x, y), epochs=epochs, **options)


def weights(training):
    return torch.cat([p.detach().ravel() for p in training.model.parameters()])


def losses(training):
    return [row[:3] for row in training.history]


def test_the_same_seed_gives_the_same_network_and_leaves_the_global_state_alone():
    torch.manual_seed(5)
    before = torch.get_rng_state()
    model = small()
    torch.set_rng_state(before)
    first = run(model=model)
    assert torch.equal(torch.get_rng_state(), before)
    torch.rand(7)
    second = run()
    assert torch.equal(weights(first), weights(second))
    assert losses(first) == losses(second)
    assert not torch.equal(weights(first), weights(run(seed=1)))


def test_going_on_from_a_checkpoint_is_the_same_run(tmp_path):
    whole = run()
    path = tmp_path / "deep" / "run.pt"
    run(path, epochs=3)
    rest = run(path, epochs=6, model=small(seed=9))  # whose own weights are those of the checkpoint afterwards
    assert torch.equal(weights(whole), weights(rest))
    assert losses(whole) == losses(rest)
    assert [file.name for file in path.parent.iterdir()] == ["run.pt"]


KILLED = """
    import sys, time
    sys.path.insert(0, {here!r})
    import test_training as t

    def slow(epoch, loss, held):
        print(epoch, flush=True)
        time.sleep(0.3)

    t.run(sys.argv[1], epochs=6, callback=slow)
"""


def test_a_killed_run_goes_on_to_the_same_result(tmp_path):
    path = tmp_path / "run.pt"
    code = textwrap.dedent(KILLED.format(here=os.path.dirname(__file__)))
    environment = {**os.environ, "OMP_NUM_THREADS": str(torch.get_num_threads())}
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE, text=True, env=environment
    )
    assert process.stdout is not None
    for line in process.stdout:
        if int(line) == 2:
            break
    time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    assert path.exists()
    rest, whole = run(str(path)), run()
    assert rest.epochs == 6
    assert torch.equal(weights(whole), weights(rest))


def test_a_checkpoint_of_another_run_is_refused(tmp_path):
    path = tmp_path / "run.pt"
    run(path, epochs=1)
    with pytest.raises(OptionError, match="another run: its seed is 0, this one's 4"):
        run(path, seed=4)
    with pytest.raises(OptionError, match="another run: its batch size is 64"):
        run(path, batch_size=32)
    assert run(path, epochs=2, seed=4, resume=False).epochs == 2
    path.write_bytes(b"not a checkpoint")
    with pytest.raises(DataError, match="cannot be read as a checkpoint"):
        run(path)


def test_a_checkpoint_runs_no_code(tmp_path):
    class Evil:
        def __reduce__(self):
            return (os.system, ("exit 1",))

    path = tmp_path / "run.pt"
    torch.save({"format": "x", "evil": Evil()}, path)
    with pytest.raises(DataError, match="cannot be read"):
        run(path)


def test_early_stopping_restores_the_best_weights():
    x, y = data("normal")
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(2, 256), torch.nn.ReLU(), torch.nn.Linear(256, 2))
    training = train(
        model, "normal", (x[:40], y[:40]), validation=(x[300:], y[300:]), epochs=300, batch_size=40, lr=0.02, patience=5
    )
    assert training.epochs == training.best_epoch + 5
    assert "no better held-out loss in 5 epochs" in training.stopped
    with torch.no_grad():
        output = model(torch.tensor(x[300:], dtype=torch.float32))
    sd = output[:, 1].exp()
    want = torch.distributions.Normal(output[:, 0], sd).log_prob(torch.tensor(y[300:])).mean()
    assert training.log_likelihood == pytest.approx(want.item(), rel=1e-5)
    assert training.history[training.best_epoch - 1][2] == min(row[2] for row in training.history)
    assert "best" in str(training)
    assert training.to_dict()["rows"][0]["epoch"] == 1


def test_a_criterion_of_torch_and_a_data_set_of_torch():
    x, y = data("normal")
    tensors = torch.utils.data.TensorDataset(torch.tensor(x), torch.tensor(y))
    torch.manual_seed(0)
    model = torch.nn.Linear(2, 1, dtype=torch.float64)
    same = copy.deepcopy(model)
    training = train(model, torch.nn.MSELoss(), tensors, epochs=60, lr=0.05, validation=0.1)
    assert training.log_likelihood is None
    want = np.linalg.lstsq(np.column_stack([np.ones(N), x]), y, rcond=None)[0]
    np.testing.assert_allclose([model.bias.item(), *model.weight[0].tolist()], want, atol=0.25)
    train(same, lk.loss("normal"), tensors, epochs=60, lr=0.05, validation=0.1)
    torch.testing.assert_close(same.weight, model.weight)


def test_weights_count_as_rows():
    x, y = data("poisson")
    w = np.random.default_rng(0).integers(0, 3, size=N).astype(float)
    one = torch.nn.Linear(2, 1, dtype=torch.float64)
    two = copy.deepcopy(one)
    for model, rows in ((one, (x, y, w)), (two, (np.repeat(x, w.astype(int), 0), np.repeat(y, w.astype(int))))):
        train(
            model,
            "poisson",
            rows,
            epochs=40,
            batch_size=5 * N,
            optimizer=lambda p: torch.optim.LBFGS(p, line_search_fn="strong_wolfe"),
        )
    torch.testing.assert_close(one.weight, two.weight, rtol=1e-5, atol=1e-6)


def test_ctrl_c_keeps_what_was_reached(tmp_path):
    def impatient(epoch, loss, held):
        if epoch == 2:
            raise KeyboardInterrupt

    path = tmp_path / "run.pt"
    with pytest.raises(Interrupted, match="to go on from epoch 3") as caught:
        run(path, callback=impatient)
    assert caught.value.state.epochs == 2
    assert run(path, epochs=3).epochs == 3
    with pytest.raises(Interrupted, match=r"checkpoint='training.pt'"):
        run(callback=impatient)


def test_a_callback_may_stop():
    assert run(callback=lambda epoch, loss, held: epoch == 2).stopped == "stopped by the callback"


def test_steps_that_are_too_long_are_told():
    x, y = data("normal")
    with pytest.raises(FitError, match=r"batch .* of epoch .*Lower lr="):
        train(torch.nn.Linear(2, 1), torch.nn.MSELoss(), (x * 1e12, y), optimizer=lambda p: torch.optim.SGD(p, lr=1e6))


@pytest.mark.parametrize(
    ("change", "error", "match"),
    [
        ({"patience": 3, "validation": None}, OptionError, "patience= waits for a better held-out loss"),
        ({"epochs": 0}, OptionError, "epochs is a whole number of at least 1"),
        ({"batch_size": 2.5}, OptionError, "batch_size is a whole number"),
        ({"validation": 0.0001}, OptionError, "leaves 0 to check with"),
        ({"optimizer": lambda p: None}, OptionError, "one of torch.optim"),
    ],
)
def test_options_that_cannot_be_used(change, error, match):
    with pytest.raises(error, match=match):
        run(**change)


def test_data_that_cannot_be_used():
    x, y = data("normal")
    model = small()
    spoilt = x.copy()
    spoilt[7, 1] = np.nan
    with pytest.raises(MissingValuesError, match=r"1 of 500 rows of X of data.*row 7: nan"):
        train(model, "normal", (spoilt, y))
    with pytest.raises(DataError, match=r"X of data has 500 rows, y has the shape \(499,\)"):
        train(model, "normal", (x, y[1:]))
    with pytest.raises(DataError, match="X of data must be numbers"):
        train(model, "normal", (np.array([["a"], ["b"]]), y[:2]))
    with pytest.raises(SupportError, match="Gamma is for numbers > 0"):
        train(model, "gamma", (x, y))
    with pytest.raises(DataError, match="torch Dataset; found int"):
        train(model, "normal", 5)
    with pytest.raises(OptionError, match="DataLoader"):
        train(model, "normal", torch.utils.data.DataLoader(torch.utils.data.TensorDataset(torch.zeros(3, 2))))
    with pytest.raises(OptionError, match="no parameters to learn"):
        train(torch.nn.ReLU(), "normal", (x, y))
