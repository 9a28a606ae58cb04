"""Likelihoods as losses of networks in PyTorch, and a plain loop that trains with them."""

from likely.losses.torch.module import NLLLoss

__all__ = ["NLLLoss"]
