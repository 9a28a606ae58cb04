"""One run of training: its epochs, what is the best so far, and how it goes on from a checkpoint."""

from __future__ import annotations

import copy
import math
import re
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, final

import numpy as np

from likely.errors import DataError, FitError, OptionError, ParameterError, SupportError
from likely.errors.kinds import is_flag
from likely.losses.negative_log_likelihood import NegativeLogLikelihood
from likely.losses.torch import checkpoint as on_disk
from likely.losses.torch.batches import Rows
from likely.losses.torch.module import NLLLoss
from likely.losses.torch.record import Training
from likely.namespace.torch import torch_module
from likely.progress import Task

if TYPE_CHECKING:
    pass

torch = torch_module()
ADDRESS = r" at 0x[0-9a-fA-F]+"
MOVED_BY_SCHEDULERS = ("lr", "initial_lr", "max_lr", "min_lr", "momentum", "betas", "max_momentum", "base_momentum")
REMEDY = "clip gradients with clip=1.0, lower lr=, or scale the predictors"


@final
class Run:
    """One run: what changes from epoch to epoch."""

    def __init__(
        self,
        model: Any,
        criterion: Any,
        rows: Rows,
        held: Rows | None,
        optimizer: Any,
        *,
        batch_size: int,
        clip: float | None,
        seed: int,
        device: Any,
        optimizer_given: bool = False,
    ) -> None:
        self.model, self.criterion, self.rows, self.held, self.optimizer = model, criterion, rows, held, optimizer
        self.batch_size, self.clip, self.seed, self.device = batch_size, clip, seed, device
        self.optimizer_given = optimizer_given  # one that may have been used before
        self.scheduler: Any = None
        self.path: Path | None = None
        self._settings: dict[str, Any] = {}
        self.history: list[tuple[int, float, float | None, float]] = []
        self.best: tuple[int, float, Any] | None = None  # epoch, held-out loss, weights

    def to_the_end(self, epochs: int, patience: int | None, callback: Any, task: Task) -> str:
        """Epochs until there is a reason to stop, which is returned in words."""
        while len(self.history) < epochs:
            if (stop := self._out_of_patience(patience)) is not None:
                return stop
            loss, held = self._epoch(len(self.history) + 1)
            task.count(
                len(self.history),
                epochs,
                f"epochs, loss {loss:.4f}" + ("" if held is None else f", held out {held:.4f}"),
            )
            if self.path is not None:
                self.save()
            asked_to_stop = None if callback is None else callback(len(self.history), loss, held)
            if is_flag(asked_to_stop) and asked_to_stop:
                return "stopped by the callback"
        return self._out_of_patience(patience) or (f"all {epochs:,} epochs done" if epochs > 1 else "the epoch is done")

    def _epoch(self, number: int) -> tuple[float, float | None]:
        began = time.perf_counter()
        with _seeded(self.seed, number, self.device) as generator:
            loss = self._learn(number, generator)
            held = None if self.held is None else self._check(number, self.held)
        if self.scheduler is not None:
            plateau = isinstance(self.scheduler, torch.optim.lr_scheduler.ReduceLROnPlateau)
            self.scheduler.step(*([loss if held is None else held] if plateau else []))
        self.history.append((number, loss, held, time.perf_counter() - began))
        if held is not None and held < (math.inf if self.best is None else self.best[1]):
            self.best = (number, held, copy.deepcopy(self.model.state_dict()))
        return loss, held

    def _learn(self, number: int, generator: Any) -> float:
        """One pass over the rows; the mean loss of its batches."""
        self.model.train()
        total = torch.zeros((), dtype=torch.float64)
        for k, (x, y, w) in enumerate(self.rows.batches(self.batch_size, self.device, generator)):

            def closure(x: Any = x, y: Any = y, w: Any = w) -> Any:
                self.optimizer.zero_grad(set_to_none=True)
                value = self._loss(x, y, w, self.rows)
                value.backward()
                if self.clip is not None:
                    torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.clip)
                return value

            try:
                value = self.optimizer.step(closure)
            except (DataError, SupportError, ParameterError) as error:
                if not all(bool(torch.isfinite(p).all()) for p in self.model.parameters()):
                    raise FitError(self._loss_not_finite(number, k + 1)) from None
                raise type(error)(f"{error} (rows as they come in batch {k + 1} of epoch {number})") from None
            total += value.detach().double().cpu() * len(y)
            if not math.isfinite(total.item()):
                raise FitError(self._loss_not_finite(number, k + 1))
        return float(total) / self.rows.n

    def _check(self, number: int, held: Rows) -> float:
        """The mean loss of the held-out rows; infinite where the network gives some row no chance at all."""
        self.model.eval()
        total = 0.0
        with torch.no_grad():
            for x, y, w in held.batches(max(self.batch_size, 4096), self.device):
                total += float(self._loss(x, y, w, held)) * len(y)
        if math.isnan(total):
            raise FitError(f"the held-out loss is not a number after epoch {number}: {REMEDY}")
        return total / held.n

    def _loss(self, x: Any, y: Any, w: Any, rows: Rows) -> Any:
        """The mean loss of a batch; with weights, what the batch adds to the weighted mean of all rows."""
        output = self.model(x)
        if isinstance(self.criterion, NLLLoss):
            if w is None:
                return self.criterion(output, y)
            return self.criterion.weighted_sum(output, y, w) / (w.numel() * rows.mean_weight)
        if w is not None:
            raise OptionError("weights go with a likelihood as the loss: NLLLoss(family), or pass the family itself")
        if hasattr(output, "shape") and output.shape[:-1] == y.shape and output.shape[-1:] == (1,):
            output = output[..., 0]  # else torch's losses compare every row with every other
        return self.criterion(output, y.to(output.dtype) if y.is_floating_point() else y)

    def _loss_not_finite(self, epoch: int, batch: int) -> str:
        return (
            f"the loss is no finite number any more, in batch {batch} of epoch {epoch}: the steps are too long, or the "
            "predictors or responses are of very different sizes. Lower lr=, set clip=1.0, or scale the columns of X"
        )

    def _out_of_patience(self, patience: int | None) -> str | None:
        best = 0 if self.best is None else self.best[0]
        if patience is None or len(self.history) - best < patience:
            return None
        return f"no better held-out loss in {patience:,} epochs: stopped after epoch {len(self.history):,}"

    def restore_best(self) -> None:
        """The weights of the best epoch, where rows were held out."""
        if self.held is not None and self.best is None:
            raise FitError(
                f"the held-out loss is infinite after every epoch, so some row is given no chance at all: {REMEDY}"
            )
        if self.best is not None:
            self.model.load_state_dict(self.best[2])
        self.model.eval()

    def record(self, stopped: str) -> Training:
        whole = isinstance(self.criterion, NLLLoss) and isinstance(self.criterion.source, NegativeLogLikelihood)
        best = len(self.history) if self.best is None else self.best[0]
        return Training(self.model, tuple(self.history), best, stopped, whole)

    @property
    def interruption_message(self) -> str:
        """What an interruption leaves, in words."""
        done = len(self.history)
        where = f"interrupted in epoch {done + 1:,}"
        if self.path is not None and done:
            return f"{where}: call train again with checkpoint={str(self.path)!r} to go on from epoch {done + 1:,}"
        return (
            f"{where}; the network has what it learned until then. With checkpoint='training.pt' it could go on from "
            "there"
        )

    # -- checkpoints -----------------------------------------------------------------------------------------

    def keep(self, path: Path, resume: bool, epochs: int) -> None:
        """Renew a checkpoint after each epoch, and go on from the one that is there where that is wanted."""
        self.path, self._settings = path, self._described()
        if not (resume and path.exists()):
            return
        found = on_disk.read(path, self._settings)
        if len(found["history"]) > epochs:
            raise OptionError(
                f"the checkpoint {path} is after epoch {len(found['history']):,}, further than epochs={epochs:,}: ask "
                "for more, or pass resume=False to begin anew"
            )
        self.model.load_state_dict(found["model"])
        self.optimizer.load_state_dict(found["optimizer"])
        if self.scheduler is not None:
            self.scheduler.load_state_dict(found["scheduler"])
        self.history = [(int(n), loss, held, seconds) for n, loss, held, seconds in found["history"]]
        self.best = None if found["best"] is None else tuple(found["best"])

    def _described(self) -> dict[str, Any]:
        """What a run that goes on from here has to share, before its first step."""
        loss = self.criterion
        moving = MOVED_BY_SCHEDULERS if self.scheduler is not None and self.optimizer_given else ()
        groups = [
            {k: v for k, v in group.items() if k != "params" and k not in moving}
            for group in self.optimizer.param_groups
        ]
        return {
            "seed": self.seed,  # which also says what is held out
            "loss": re.sub(ADDRESS, "", repr(loss)),
            "loss's options": _plain(vars(loss)) | (_plain(loss._layout.links) if isinstance(loss, NLLLoss) else {}),
            "loss's tensors": {name: value.tolist() for name, value in loss.state_dict().items()},
            "number of rows": self.rows.n,
            "number of held-out rows": 0 if self.held is None else self.held.n,
            "fingerprint of the rows": self.rows.digest,
            "fingerprint of the held-out rows": None if self.held is None else self.held.digest,
            "batch size": self.batch_size,
            "clip": self.clip,
            "optimizer": type(self.optimizer).__name__,
            "scheduler": None if self.scheduler is None else type(self.scheduler).__name__,
            "scheduler's options": {} if self.scheduler is None else _plain(self.scheduler.state_dict()),
            **{f"optimizer's {k}": [re.sub(ADDRESS, "", repr(g.get(k))) for g in groups] for k in groups[0]},
            "network": re.sub(ADDRESS, "", repr(self.model)),
            "weights": [[name, list(value.shape)] for name, value in self.model.state_dict().items()],
        }

    def save(self) -> None:
        assert self.path is not None
        on_disk.write(
            self.path,
            self._settings,
            {
                "history": [list(row) for row in self.history],
                "best": None if self.best is None else list(self.best),
                "model": self.model.state_dict(),
                "optimizer": self.optimizer.state_dict(),
                "scheduler": None if self.scheduler is None else self.scheduler.state_dict(),
            },
        )


def _plain(options: Mapping[str, Any]) -> dict[str, Any]:
    """Those of some attributes that are plain values of their owner's own."""
    return {
        k: v for k, v in options.items() if isinstance(v, (bool, int, float, str)) and k != "training" and k[0] != "_"
    }


class _seeded:
    """The randomness of one epoch, a function of seed and epoch alone; the user's own state is left as it was."""

    def __init__(self, seed: int, epoch: int, device: Any) -> None:
        words = np.random.SeedSequence([seed, epoch]).generate_state(2, np.uint64) >> np.uint64(1)
        self._order, self._network = (int(word) for word in words)
        self._fork = torch.random.fork_rng([device] if device.type == "cuda" else [])

    def __enter__(self) -> Any:
        self._fork.__enter__()
        torch.manual_seed(self._network)
        return torch.Generator().manual_seed(self._order)

    def __exit__(self, *error: Any) -> None:
        self._fork.__exit__(*error)
