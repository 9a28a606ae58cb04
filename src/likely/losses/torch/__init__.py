"""Likelihoods as losses of networks in PyTorch, and a plain loop that trains with them."""

from likely.losses.torch.module import NLLLoss
from likely.losses.torch.record import Training
from likely.losses.torch.train import train

__all__ = ["NLLLoss", "Training", "train"]
