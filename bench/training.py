"""Training steps of a network in PyTorch with our loss, beside the same steps with torch's own."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

from bench.harness import OURS, Row, Table, say

SLOWER = 1.05  # a step with our loss over one with the twin
COLUMNS, WIDTH, LABELS = 100, 256, 10
WARM_UP = 30
NAMES = ("squared error", "log loss", "poisson", "cross-entropy", "normal with two heads")


def steps(batch: int, repeats: int) -> Table:
    """A step: forward, backward and Adam, of a network with two hidden layers."""
    import torch

    torch.manual_seed(20240606)
    table = Table(f"A training step, batches of {batch:,} x {COLUMNS}, two hidden layers of {WIDTH}", [])
    x = torch.randn(batch, COLUMNS)
    for name in NAMES:
        say(f"  {name} ...")
        ours, twin, outputs, y = _assumed(name, x)
        both = [_stepper(x, y, outputs, loss) for loss in (twin, ours)]
        times: tuple[list[float], list[float]] = ([], [])
        count = repeats * max(20, 20_000 // batch)
        for k in range(WARM_UP + count):
            for who in (0, 1) if k % 2 else (1, 0):  # in turn, so that neither always finds the other's caches
                began = time.perf_counter()
                both[who]()
                if k >= WARM_UP:
                    times[who].append(time.perf_counter() - began)
        ratio = statistics.median(b / a for a, b in zip(*times, strict=True))
        for who, spent in zip(("torch", OURS), times, strict=True):
            table.rows.append(Row(f"{who}: {name}", statistics.median(spent), count, False, None, ""))
        table.verdicts.append((f"{name}: a step at most {SLOWER:g} times the twin's: {ratio:.3g}x", ratio <= SLOWER))
    return table


def _stepper(x: Any, y: Any, outputs: int, loss: Callable[[Any, Any], Any]) -> Callable[[], None]:
    import torch

    n = torch.nn
    layers = [n.Linear(COLUMNS, WIDTH), n.ReLU(), n.Linear(WIDTH, WIDTH), n.ReLU(), n.Linear(WIDTH, outputs)]
    model = n.Sequential(*layers)
    optimizer = torch.optim.Adam(model.parameters())

    def step() -> None:
        optimizer.zero_grad()
        loss(model(x), y).backward()
        optimizer.step()

    return step


def _assumed(name: str, x: Any) -> tuple[Any, Callable[[Any, Any], Any], int, Any]:
    """Our loss, torch's, how many outputs they need, and targets."""
    import torch

    import likely as lk
    from likely.losses.torch import NLLLoss

    f = torch.nn.functional
    n, eta = len(x), 0.5 * x[:, 0] + torch.sin(x[:, 1])
    if name == "squared error":
        return NLLLoss(lk.loss("normal")), lambda o, y: f.mse_loss(o[:, 0], y), 1, eta + torch.randn(n)
    if name == "log loss":
        hits = (torch.rand(n) < torch.sigmoid(eta)).float()
        return NLLLoss("bernoulli"), lambda o, y: f.binary_cross_entropy_with_logits(o[:, 0], y), 1, hits
    if name == "poisson":
        ours = NLLLoss(lk.loss("poisson", scale="link"))
        return ours, lambda o, y: f.poisson_nll_loss(o[:, 0], y), 1, torch.poisson(torch.exp(eta))
    if name == "cross-entropy":
        return NLLLoss("categorical"), f.cross_entropy, LABELS, torch.randint(0, LABELS, (n,))

    def gaussian(o: Any, y: Any) -> Any:
        return f.gaussian_nll_loss(o[:, 0], y, torch.exp(2.0 * o[:, 1]), full=True)

    return NLLLoss("normal"), gaussian, 2, eta + torch.randn(n)
