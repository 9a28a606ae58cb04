"""GroupFits: one fit a group of rows, as people hold them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, final

import numpy as np

from likely.errors.boundary import public_class
from likely.inference.by_group import SingleGroups
from likely.models.checks import check_level
from likely.results.fits import Fit, fit_from
from likely.show.text_table import plain

if TYPE_CHECKING:
    from likely.charts.saving import AnyChart
    from likely.data.native import NativeColumn, NativeFrame
    from likely.estimates import Estimates
    from likely.inference.group_estimates import GroupEstimates
    from likely.report.groups import GroupReport
    from likely.search.end import End


@final
@public_class
@dataclass(frozen=True, eq=False, repr=False)
class GroupFits:
    """Fits of one model to every group of rows; made by `likely.fit_groups`.

    Each is what `likely.fit` finds from the rows of its group alone. ``len`` is the number of groups, and a loop goes
    through their keys: values of the column that makes the groups, or tuples of several.

    Attributes
    ----------
    found : GroupEstimates
        The estimates as arrays.

    Examples
    --------
    >>> import likely as lk
    >>> data = {"shop": list("aaaabbbbcccc"), "sold": [3, 5, 4, 6, 9, 7, 8, 12, 0, 0, 0, 0]}
    >>> fits = lk.fit_groups("poisson", data, "sold", by="shop")
    >>> fits.to_frame()["rate"].round(3).tolist()
    [4.5, 9.0, 0.0]
    >>> fits.statuses
    {'converged': 2, 'boundary': 1}
    """

    found: GroupEstimates

    # -- the groups ----------------------------------------------------------------------------------------

    def __len__(self) -> int:
        return self.found.grouping.count

    def __iter__(self) -> Iterator[Any]:
        return iter(self.found.grouping.labels)

    def __contains__(self, group: Any) -> bool:
        return group in self.found.grouping.numbers

    @property
    def by(self) -> tuple[str, ...]:
        """The columns that make the groups."""
        return self.found.grouping.names

    @property
    def names(self) -> list[str]:
        """Names of the estimates that any group has."""
        return self.found.names

    def _estimates(self, number: int) -> Estimates:
        """The estimates of one group, from its rows alone."""
        found = self.found
        return SingleGroups(found.asked, found.table, found.grouping, [number]).fit(number)

    def fit(self, group: Any) -> Fit:
        """The whole fit of one group: that of `likely.fit` to its rows.

        Parameters
        ----------
        group
            Its key; for several columns a tuple, or a dict by column.

        Returns
        -------
        Fit

        Raises
        ------
        UnknownNameError
            If there is no such group.
        LikelyError
            If the group has no fit, as `likely.fit` raises it.

        Examples
        --------
        >>> import likely as lk
        >>> data = {"shop": list("aaaabbbb"), "sold": [3, 5, 4, 6, 9, 7, 8, 12]}
        >>> lk.fit_groups("poisson", data, "sold", by="shop").fit("b")
        <Fit Poisson: rate=9 | loglik -8.81872, n = 4>
        """
        number = self.found.grouping.number(group)
        return fit_from(lambda: self._estimates(number))

    # -- how they ended ------------------------------------------------------------------------------------

    @property
    def statuses(self) -> dict[str, int]:
        """How many groups ended how, in the words of `Fit.status` before the colon; the most frequent first.

        Examples
        --------
        >>> import likely as lk
        >>> data = {"shop": list("aaaabbbb"), "sold": [3, 5, 4, 6, 0, 0, 0, 0]}
        >>> lk.fit_groups("poisson", data, "sold", by="shop").statuses
        {'converged': 1, 'boundary': 1}
        """
        plain = len(self) - len(self.found.ends)
        counts = Counter({"converged": plain} if plain else {})
        counts.update(end.title for end in self.found.ends.values())
        return dict(counts.most_common())

    @property
    def failed(self) -> dict[Any, str]:
        """The groups without a fit, each with the reason.

        Examples
        --------
        >>> import likely as lk
        >>> data = {"shop": list("aaabbb"), "x": [1, 2, 3, 5, 5, 5], "y": [1.0, 2.5, 3.0, 2.0, 4.0, 3.0]}
        >>> for shop, reason in lk.fit_groups("normal", data, "y ~ x", by="shop").failed.items():
        ...     print(shop, "|", reason.split(",")[0])
        b | the predictors of mean are linearly dependent
        """
        labels = self.found.grouping.labels
        return {labels[number]: end.words for number, end in sorted(self._ends.items()) if not end.converged}

    @property
    def _ends(self) -> Mapping[int, End]:
        return self.found.ends

    # -- tables --------------------------------------------------------------------------------------------

    def to_frame(self) -> NativeFrame:
        """One row a group: its key, every estimate and its standard error, log-likelihood, n, status and reason.

        Returns
        -------
        table of the user's own library
            A dict of arrays for arrays, dicts, lists and files. What does not exist is missing.

        Examples
        --------
        >>> import likely as lk
        >>> data = {"shop": list("aaaabbbb"), "sold": [3, 5, 4, 6, 9, 7, 8, 12]}
        >>> table = lk.fit_groups("poisson", data, "sold", by="shop").to_frame()
        >>> list(table)
        ['shop', 'rate', 'rate std.error', 'loglik', 'n', 'status', 'reason']
        >>> table["rate std.error"].round(4).tolist()
        [1.0607, 1.5]
        """
        found = self.found
        columns: dict[str, Any] = {}
        for name, own in found.estimated.items():
            columns |= {name: own.value, f"{name} std.error": own.stderr}
        columns |= {"loglik": found.loglik, "n": _whole(found.n), **self._words()}
        return self._in_kind(found.grouping.keys, columns)

    def tidy(self, level: float = 0.95) -> NativeFrame:
        """One row an estimate and group, in the columns of R's broom.

        Parameters
        ----------
        level : float
            Of the intervals, by Wald.

        Returns
        -------
        table of the user's own library
            The keys, term, estimate, std.error, statistic, p.value, conf.low and conf.high. Statistic and p-value are
            those of the hypothesis that a predictor's coefficient is 0; a constant such as ``sd`` has none. Groups
            without a fit have no rows.

        Examples
        --------
        >>> import likely as lk
        >>> data = {"shop": list("aaaabbbb"), "sold": [3, 5, 4, 6, 9, 7, 8, 12]}
        >>> table = lk.fit_groups("poisson", data, "sold", by="shop").tidy()
        >>> table["term"].tolist(), table["conf.low"].round(3).tolist()
        (['rate', 'rate'], [2.835, 6.492])
        """
        found, level = self.found, check_level(level)
        terms = {
            name: (own, *found.statistic(name), *found.interval(name, level)) for name, own in found.estimated.items()
        }
        names = list(terms)
        blocks = [
            np.array([one[0].value for one in terms.values()]),
            np.array([one[0].stderr for one in terms.values()]),
        ]
        blocks += [np.array([one[i] for one in terms.values()]) for i in range(1, 5)]
        there = np.isfinite(blocks[0]).T.ravel() if names else np.zeros(0, dtype=bool)
        group, term = np.divmod(np.flatnonzero(there), max(len(names), 1))
        labels = ("estimate", "std.error", "statistic", "p.value", "conf.low", "conf.high")
        columns = {
            label: values[term, group] if names else np.zeros(0) for label, values in zip(labels, blocks, strict=True)
        }
        keys = {name: values[group] for name, values in found.grouping.keys.items()}
        return self._in_kind(keys, {"term": [names[i] for i in term.tolist()], **columns})

    def glance(self) -> NativeFrame:
        """One row a group: how well its fit explains its rows, and how it ended.

        Returns
        -------
        table of the user's own library
            The keys, nobs, k (estimated parameters), logLik, AIC, BIC, status and reason.

        Examples
        --------
        >>> import likely as lk
        >>> data = {"shop": list("aaaabbbb"), "sold": [3, 5, 4, 6, 9, 7, 8, 12]}
        >>> lk.fit_groups("poisson", data, "sold", by="shop").glance()["AIC"].round(3).tolist()
        [16.526, 19.637]
        """
        found = self.found
        columns = {
            "nobs": _whole(found.n),
            "k": found.k,
            "logLik": found.loglik,
            "AIC": found.aic,
            "BIC": found.bic,
            **self._words(),
        }
        return self._in_kind(found.grouping.keys, columns)

    def _words(self) -> dict[str, Any]:
        """Every group's status and reason."""
        statuses, reasons = ["converged"] * len(self), [""] * len(self)
        for number, end in self._ends.items():
            statuses[number], reasons[number] = end.title, end.reason
        return {"status": statuses, "reason": reasons}

    def _in_kind(self, keys: Mapping[str, Any], columns: Mapping[str, Any]) -> Any:
        """Columns beside the keys; a key of the name of a column is told apart."""
        own = {f"group {name}" if name in columns else name: values for name, values in keys.items()}
        made = self.found.table.frame_of({**own, **columns})
        return (
            {k: np.array(v, dtype=object) if isinstance(v, list) else v for k, v in made.items()}
            if isinstance(made, dict)
            else made
        )

    # -- what follows from them ------------------------------------------------------------------------------

    def predict(
        self, new: Any, what: str | None = None, *, unseen: str = "error", **options: Any
    ) -> NativeColumn | NativeFrame:
        """Predictions for new rows, each by the fit of its group.

        Parameters
        ----------
        new : data of any kind
            With the columns that make the groups.
        what, **options
            As in `Fit.predict`.
        unseen : {"error", "missing"}
            Rows of groups that were not fitted, or whose fit failed, and rows with levels that their group has not
            seen, are an error, or have missing predictions.

        Returns
        -------
        A column or table of the user's own library, in the order of the rows.

        Raises
        ------
        DataError, MissingValuesError, UnknownNameError
            If the new data lack something, or have rows without a fit that are not to be missing.

        Examples
        --------
        >>> import likely as lk
        >>> data = {"shop": list("aaaabbbb"), "sold": [3, 5, 4, 6, 9, 7, 8, 12]}
        >>> fits = lk.fit_groups("poisson", data, "sold", by="shop")
        >>> fits.predict({"shop": ["b", "a", "c"]}, unseen="missing").round(3).tolist()
        [9.0, 4.5, nan]
        """
        from likely.prediction.by_group import predict_by_group

        return predict_by_group(self.found, self._estimates, new, what, unseen=unseen, **options)

    def plot(self, name: str | None = None, level: float = 0.95) -> AnyChart:
        """The groups' values of an estimate in order, with their intervals, as an Altair chart.

        Parameters
        ----------
        name : str, optional
            By default the first predictor's coefficient.
        level : float
            Of the intervals.

        Returns
        -------
        altair.Chart
            Of more than 60 groups some are drawn, evenly spaced in the order, beside the distribution of all.

        Raises
        ------
        OptionError, UnknownNameError
            If there is no such estimate, or no group has it.

        Examples
        --------
        >>> import likely as lk
        >>> data = {"shop": list("aaaabbbb"), "sold": [3, 5, 4, 6, 9, 7, 8, 12]}
        >>> lk.fit_groups("poisson", data, "sold", by="shop").plot().to_dict()["title"]["text"]
        'rate by shop'
        """
        from likely.charts.groups import groups

        return groups(self.found, name, level)

    # -- in words ------------------------------------------------------------------------------------------

    def summary(self) -> GroupReport:
        """A readable account: the groups, how their estimates spread, and what ended otherwise than at a peak.

        Returns
        -------
        GroupReport
            Prints as text, and as tables in a notebook.

        Examples
        --------
        >>> import likely as lk
        >>> data = {"shop": list("aaaabbbb"), "sold": [3, 5, 4, 6, 9, 7, 8, 12]}
        >>> print(lk.fit_groups("poisson", data, "sold", by="shop"))
        Poisson fits of sold by shop: 2 groups, all converged
        =====================================================
        <BLANKLINE>
        shop  n         rate
        --------------------
        a     4  4.50 (1.06)
        b     4  9.00 (1.50)
        <BLANKLINE>
        In brackets: standard errors.
        """
        from likely.report.groups import GroupReport

        return GroupReport(self.found)

    def __repr__(self) -> str:
        return str(self.summary())

    def _repr_html_(self) -> str:
        return self.summary()._repr_html_()

    def to_dict(self) -> dict[str, Any]:
        """The same as plain values, ready for JSON: None for what does not exist.

        Returns
        -------
        dict

        Examples
        --------
        >>> import likely as lk
        >>> data = {"shop": list("aaaabbbb"), "sold": [3, 5, 4, 6, 9, 7, 8, 12]}
        >>> found = lk.fit_groups("poisson", data, "sold", by="shop").to_dict()
        >>> found["groups"][0]["key"], round(found["groups"][0]["estimates"]["rate"]["estimate"], 3)
        ({'shop': 'a'}, 4.5)
        """
        found, labels, words = self.found, self.found.grouping.labels, self._words()
        groups = []
        for i, label in enumerate(labels):
            key = dict(zip(self.by, label if len(self.by) > 1 else (label,), strict=True))
            estimates = {
                name: {"estimate": own.value[i], "stderr": own.stderr[i]}
                for name, own in found.estimated.items()
                if np.isfinite(own.value[i])
            }
            facts = {"n": found.n[i], "loglik": found.loglik[i], "aic": found.aic[i], "bic": found.bic[i]}
            status = {"status": words["status"][i], "reason": words["reason"][i]}
            groups.append({"key": key, "estimates": estimates, **facts, **status})
        return plain({"by": list(self.by), "statuses": self.statuses, "groups": groups})


def _whole(n: Any) -> Any:
    """Counts as whole numbers where they all are."""
    return n.astype(np.int64) if np.all(n == np.floor(n)) else n
