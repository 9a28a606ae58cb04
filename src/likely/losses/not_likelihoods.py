"""Losses and scores that are no log-likelihood of independent rows, and why: the only list of them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

MARGIN = (
    "{} of a margin m belongs to no probabilities of yes and no: exp(-loss) of the two outcomes sums to {} at m = 0 "
    "and to {} at m = 2, and would have to sum to the same. Take lk.Bernoulli(), whose loss is the log loss"
)


def _margin(name: str, loss: Callable[[float], float]) -> str:
    sums = (f"{np.exp(-loss(m)) + np.exp(-loss(-m)):.2f}" for m in (0.0, 2.0))
    return MARGIN.format(name, *sums)


WHOLE = "{} is computed from all rows at once, not as a sum over them, so it is no likelihood of independent rows"
RANKS = "{} looks at the order of predictions alone and states no distribution of y"
NOT_LIKELIHOODS: dict[tuple[str, ...], str] = {
    ("hinge", "hinge_loss", "HingeEmbeddingLoss", "MultiMarginLoss", "binary:hinge", "svc", "linearsvc"): _margin(
        "the hinge loss", lambda m: max(0.0, 1.0 - m)
    ),
    ("squared_hinge",): _margin("the squared hinge loss", lambda m: max(0.0, 1.0 - m) ** 2),
    ("modified_huber",): _margin(
        "the modified Huber loss", lambda m: max(0.0, 1.0 - m) ** 2 if m >= -1.0 else -4.0 * m
    ),
    ("exponential", "adaboost"): _margin("the exponential loss", lambda m: float(np.exp(-m))),
    ("perceptron",): _margin("the perceptron's loss", lambda m: max(0.0, -m)),
    ("dice", "diceloss", "dice_loss", "jaccard", "jaccard_score", "iou", "tversky", "lovasz"): WHOLE.format(
        "the overlap (Dice, IoU)"
    )
    + "; for pixels take lk.Bernoulli() or lk.Categorical()",
    ("f1", "f1_score", "fbeta", "precision", "recall", "matthews_corrcoef", "cohen_kappa_score"): WHOLE.format(
        "this rate of hits"
    ),
    ("roc_auc", "auc", "roc_auc_score", "average_precision", "ndcg"): RANKS.format("this score"),
    ("rank:pairwise", "rank:ndcg", "rank:map", "lambdarank", "rank_xendcg", "MarginRankingLoss"): RANKS.format(
        "this ranking objective"
    )
    + ". For choices within groups take lk.ConditionalLogit()",
    ("accuracy", "accuracy_score", "zero_one_loss", "balanced_accuracy", "misclassification"): (
        "the share of wrong labels is flat in the probabilities, so no density has it as its logarithm; take "
        "lk.Categorical() or lk.Bernoulli(), and judge by held-out log-likelihood"
    ),
    ("brier", "brier_score", "brier_score_loss", "neg_brier_score", "d2_brier_score"): (
        "the Brier score is a proper score of probabilities but not the log-likelihood of a yes or no: exp(-loss) of "
        "the two outcomes does not sum to the same for all p. Take lk.Bernoulli()"
    ),
    ("gini",): (
        "the Gini impurity is the squared error of shares of labels, not the log-likelihood of a label; "
        "criterion='log_loss' is that of lk.Categorical()"
    ),
    ("focal", "focalloss", "focal_loss", "sigmoid_focal_loss"): (
        "the focal loss turns the log loss down where the model is right already: exp(-loss) of the two outcomes does "
        "not sum to the same for all p, and its optimum is not the true probability. Take lk.Bernoulli(), with weights"
    ),
    ("mape", "mean_absolute_percentage_error", "neg_mean_absolute_percentage_error", "smape"): (
        "the percentage error divides by y itself, so it is no density of y for a given prediction: its optimum is "
        "below the median. For errors relative to the size take lk.LogNormal() or lk.Gamma()"
    ),
    ("explained_variance", "explained_variance_score"): (
        "the explained variance takes the mean error away first, so a constant that is added to all predictions costs "
        "nothing; r2 and the squared error are lk.Normal()"
    ),
    ("max_error", "neg_max_error", "median_absolute_error", "neg_median_absolute_error"): WHOLE.format(
        "this quantile of the errors"
    ),
    (
        "TripletMarginLoss",
        "TripletMarginWithDistanceLoss",
        "triplet",
        "CosineEmbeddingLoss",
        "cosine",
        "cosine_similarity",
        "contrastive",
        "MultiLabelMarginLoss",
    ): ("this loss compares distances between embeddings and states no distribution of y"),
    ("survival:cox", "cox"): (
        "Cox's partial likelihood compares each case with the rows then at risk, so it is no sum over independent "
        "rows; lk.ConditionalLogit() has the likelihood of cases within strata"
    ),
    ("survival:aft", "aft"): (
        "an accelerated failure time is a likelihood, that of a log-normal, log-logistic or Weibull time with some of "
        "the times censored, and no family here takes censored rows. Where every time is known take lk.LogNormal(), "
        "lk.LogLogistic() or lk.Weibull()"
    ),
    ("CTCLoss", "ctc_loss"): (
        "a likelihood of whole sequences of labels, summed over all ways to align them, and no sum over independent "
        "rows; lk.Categorical() is that of each label where the alignment is known"
    ),
    ("multiclassova", "multilabelsoftmarginloss"): (
        "one log loss for each label against all others: each is the likelihood of lk.Bernoulli(), but together they "
        "are no probabilities of one label. Take lk.Categorical()"
    ),
    ("KLDivLoss", "kl_div", "kl", "kld", "kullback_leibler_divergence"): (
        "the divergence from a given distribution is the cross-entropy of lk.Categorical() less the entropy of the "
        "targets: the same gradients, and a log-likelihood where the targets are shares of counted labels"
    ),
    ("fair",): (
        "the fair loss belongs to a density proportional to (1 + |r|/c)^(c^2) exp(-c |r|), of which there is no family "
        "here: lk.Huber() and lk.Logistic() are near, and @lk.family takes any density"
    ),
    ("epsilon_insensitive", "squared_epsilon_insensitive", "svr", "linearsvr"): (
        "errors within epsilon cost nothing: a density flat within epsilon and falling exponentially beyond, of which "
        "there is no family here. lk.Laplace() is its case epsilon = 0, and @lk.family takes any density"
    ),
}
