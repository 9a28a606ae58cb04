"""A plain loop that trains a network by maximum likelihood: mini-batches, a held-out check, checkpoints."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from likely.data.writing import destination
from likely.errors import Interrupted, LikelyError, OptionError
from likely.losses.checked import check_target
from likely.losses.torch.batches import Rows
from likely.losses.torch.checkpoint import SUFFIXES
from likely.losses.torch.module import NLLLoss
from likely.losses.torch.record import Training
from likely.losses.torch.run import Run
from likely.models.checks import require_positive, require_whole
from likely.namespace.torch import torch_module
from likely.progress import Task, check_progress

torch = torch_module()


def train(
    model: Any,
    loss: Any,
    data: Any,
    *,
    validation: Any = None,
    epochs: int = 100,
    batch_size: int = 256,
    lr: float = 1e-3,
    optimizer: Any = None,
    scheduler: Any = None,
    weight_decay: float = 0.0,
    patience: int | None = None,
    clip: float | None = None,
    seed: int = 0,
    checkpoint: Any = None,
    resume: bool = True,
    device: Any = None,
    progress: Any = None,
    callback: Callable[[int, float, float | None], Any] | None = None,
) -> Training:
    """Train a network by gradient descent on a likelihood.

    Parameters
    ----------
    model : torch.nn.Module
        It is trained in place. Its output has the heads of the loss, see `NLLLoss`.
    loss : family, str, Loss, NLL or torch criterion
        What is minimised; a family stands for ``NLLLoss(family)``.
    data : (X, y), (X, y, weights) or torch Dataset
        Arrays, tables of numbers or tensors. Whole numbers in X become floating-point ones, unless the network has an
        ``nn.Embedding`` to look them up in. Weights count rows: a row of weight 3 is as three in every epoch, and its
        steps are three times as long. A data set with weights is gone through once for their mean.
    validation : float or data, optional
        Rows that are held out: a share, drawn with the seed, or rows of their own. Their mean loss is taken after each
        epoch, and the weights of the best epoch are restored at the end.
    epochs : int
        Passes over the rows, at most.
    batch_size : int
    lr, weight_decay : float
        Of the default optimizer, Adam (AdamW where there is a decay).
    optimizer : torch.optim.Optimizer or callable, optional
        Another one; a callable makes it from the parameters.
    scheduler : callable, optional
        Makes a scheduler from the optimizer; it takes a step after each epoch.
    patience : int, optional
        Stop after so many epochs without a better held-out loss.
    clip : float, optional
        Largest norm of the gradient; positive.
    seed : int
        Of the order of the rows and of what is random in the network; the global state is left alone. The same seed
        gives the same weights on the same machine and device.
    checkpoint : path, optional
        A file that is renewed after each epoch.
    resume : bool
        Whether to go on from the checkpoint where there is one; the result is the same as without the interruption. It
        must be one of the same rows (of a Dataset, as many of the same shape), loss, network and options, more epochs
        aside.
    device : str or torch.device, optional
        Where to train; by default where the network is.
    progress : None, "auto" or bool
        The line that shows how far it is, as in `likely.fit`.
    callback : callable, optional
        Told the epoch, its loss and the held-out loss; returning True stops.

    Returns
    -------
    Training

    Raises
    ------
    FitError
        If the loss is no number any more, with the epoch and what to do.
    Interrupted
        On Ctrl-C; ``state`` is the Training so far.
    DataError, MissingValuesError, OptionError
        If data or options cannot be used.

    Examples
    --------
    >>> import torch
    >>> from likely.losses.torch import train
    >>> x = torch.linspace(-1, 1, 200)[:, None]
    >>> y = torch.poisson(torch.exp(0.5 + x[:, 0]), generator=torch.Generator().manual_seed(0))
    >>> model = torch.nn.Linear(1, 1)
    >>> training = train(model, "poisson", (x, y), epochs=300, batch_size=200, lr=0.05)
    >>> training.epochs, bool(abs(model.weight.item() - 1.0) < 0.2)
    (300, True)
    """
    check_progress(progress, "nothing: use callback=")
    require_whole(epochs=epochs, batch_size=batch_size, patience=1 if patience is None else patience)
    require_whole(at_least=0, seed=seed)
    require_positive(lr=lr, clip=1.0 if clip is None else clip, weight_decay=weight_decay or 1.0)
    if not isinstance(model, torch.nn.Module):
        raise OptionError(f"the model is a torch.nn.Module, found {type(model).__name__}")
    if isinstance(loss, type) and issubclass(loss, torch.nn.Module):
        raise OptionError(f"loss={loss.__name__} is a class: make one, {loss.__name__}()")
    criterion = loss if isinstance(loss, torch.nn.Module) else NLLLoss(loss)
    if getattr(criterion, "reduction", "mean") != "mean":
        raise OptionError(
            f"the loop averages over batches, so the loss needs reduction='mean', not {criterion.reduction!r}"
        )
    if device is not None:
        model.to(_device(device))
    weights = [p for p in model.parameters() if p.requires_grad]
    if not weights:
        raise OptionError("the model has no parameters to learn")
    rows, held = _rows(model, criterion, data, validation, weights[0].dtype, int(seed))
    if patience is not None and held is None:
        raise OptionError("patience= waits for a better held-out loss: give validation=0.2, or rows of their own")
    run = Run(
        model,
        criterion,
        rows,
        held,
        _optimizer(optimizer, weights, float(lr), float(weight_decay)),
        batch_size=int(batch_size),
        clip=None if clip is None else float(clip),
        seed=int(seed),
        device=weights[0].device,
        optimizer_given=isinstance(optimizer, torch.optim.Optimizer),
    )
    if scheduler is not None:
        if not callable(scheduler):
            raise OptionError(
                "scheduler= makes one from the optimizer, such as lambda optimizer: "
                f"torch.optim.lr_scheduler.StepLR(optimizer, 10); found {type(scheduler).__name__}"
            )
        run.scheduler = scheduler(run.optimizer)
    if checkpoint is not None:
        run.keep(destination(checkpoint, "a checkpoint", SUFFIXES, folders=True), resume, int(epochs))
    with Task("training", progress) as task:
        try:
            stopped = run.to_the_end(int(epochs), patience, callback, task)
        except KeyboardInterrupt:
            raise Interrupted(run.interruption_message, run.record("interrupted")) from None
    run.restore_best()
    return run.record(stopped)


def _rows(model: Any, criterion: Any, data: Any, validation: Any, dtype: Any, seed: int) -> tuple[Rows, Rows | None]:
    """The rows to learn from and those to check with, looked at before the first step."""
    lookups = (torch.nn.Embedding, torch.nn.EmbeddingBag)
    codes = any(isinstance(module, lookups) for module in model.modules())
    rows = Rows.of(data, dtype, codes=codes)
    _check_rows(criterion, rows)
    if validation is None:
        return rows, None
    if isinstance(validation, (float, np.floating)):
        return rows.split(float(validation), torch.Generator().manual_seed(seed))
    if isinstance(validation, (bool, int, np.integer, str)):
        raise OptionError(f"validation is a share of the rows such as 0.2, or rows of their own; found {validation!r}")
    held = Rows.of(validation, dtype, "validation", codes)
    try:
        _check_rows(criterion, held)
    except LikelyError as error:
        raise type(error)(f"in validation: {error}") from None
    return rows, held


def _check_rows(criterion: Any, rows: Rows) -> None:
    """All targets that are in memory, without those whose weight is 0."""
    if not isinstance(criterion, NLLLoss) or not isinstance(rows.parts, tuple):
        return
    y = rows.parts[1].double().numpy(force=True)
    if (counted := rows.counted) is not None:
        y = np.where(counted, y, y[counted][0])
    check_target(criterion.family, y, criterion.source.known)


def _optimizer(given: Any, weights: list[Any], lr: float, decay: float) -> Any:
    if given is None:
        made = torch.optim.AdamW(weights, lr=lr, weight_decay=decay) if decay else torch.optim.Adam(weights, lr=lr)
        return made
    made = given if isinstance(given, torch.optim.Optimizer) or not callable(given) else given(weights)
    if not isinstance(made, torch.optim.Optimizer):
        raise OptionError(f"optimizer= is one of torch.optim, or makes one from the parameters; found {made!r}")
    moved = {id(p) for group in made.param_groups for p in group["params"]}
    if not any(id(p) in moved for p in weights):
        raise OptionError("the optimizer holds no parameter of this model: make it from model.parameters()")
    return made


def _device(device: Any) -> Any:
    try:
        return torch.device(device)
    except (RuntimeError, TypeError) as error:
        raise OptionError(f"device={device!r} is none that PyTorch knows: {str(error).splitlines()[0]}") from None
