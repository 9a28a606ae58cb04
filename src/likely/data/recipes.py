"""Designs as plain data, for JSON, and back: formulas with what they have learnt from data, without rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from likely.data import values
from likely.data.design import Aliasing, AliasingPartner, Design
from likely.data.evaluation import Products
from likely.data.formula.code import check_code
from likely.data.many_levels import Coding, Levels, Numbers, Product
from likely.errors import OptionError


def plain(value: Any) -> Any:
    """Numbers, text, tuples, lists, mappings and arrays as what JSON has.

    Raises
    ------
    OptionError
        If there is anything else.

    Examples
    --------
    >>> plain({0: np.array([1.0, 2.0])})
    {'dict': [[0, {'array': [1.0, 2.0]}]]}
    """
    return values.written(value, _array)


def restored(value: Any) -> Any:
    """What `plain` was given.

    Examples
    --------
    >>> restored({"dict": [[0, {"array": [1.0, 2.0]}]]})
    {0: array([1., 2.])}
    """
    return values.read(value, lambda array: np.array(restored(array["array"])))


def _array(value: Any) -> dict[str, Any]:
    if isinstance(value, np.ndarray):
        return {"array": plain(value.tolist())}
    raise OptionError(f"{value!r} is {type(value).__name__}, which cannot be written; make it text or a number")


# -- designs -----------------------------------------------------------------------------------------------------


def of_design(design: Design) -> dict[str, Any]:
    """A design as plain data."""
    return {
        "names": list(design.names),
        "formula": design.formula,
        "recipe": _of_recipe(design.spec),
        "levels": [[name, plain(levels)] for name, levels in design.levels],
        "named": design.named,
        "coding": None if design.coding is None else _of_coding(design.coding),
        "terms": [[term, list(places)] for term, places in design.terms],
        "kept": None if design.kept is None else list(design.kept),
        "whole": list(design.recipe_names),
        "aliasing": None if design.aliasing is None else _of_aliasing(design.aliasing),
    }


def design_of(data: Mapping[str, Any]) -> Design:
    """The design that plain data are of.

    Raises
    ------
    OptionError
        If its parts do not go together.
    """
    design = Design(
        tuple(data["names"]),
        data["formula"],
        _recipe_of(data["recipe"]),
        tuple((name, tuple(restored(levels))) for name, levels in data["levels"]),
        data["named"],
        None if data["coding"] is None else _coding_of(data["coding"]),
        tuple((term, tuple(places)) for term, places in data["terms"]),
        None if data["kept"] is None else tuple(data["kept"]),
        tuple(data["whole"]),
        None if data["aliasing"] is None else _aliasing_of(data["aliasing"]),
    )
    texts = [*design.names, *design.recipe_names, *(name for name, _ in design.levels)]
    texts += [] if design.formula is None else [design.formula]
    places = range(len(design.names)) if design.kept is None else design.kept
    if (
        not all(isinstance(text, str) for text in texts)
        or len(places) != len(design.names)
        or not all(place in range(len(design.all_names)) for place in places)
        or not all(one is None or np.isscalar(one) for _, levels in design.levels for one in levels)
        or not all(j in range(len(design.names)) for _, columns in design.terms for j in columns)
    ):
        raise OptionError("a design whose names, columns and terms do not go together")
    return design


def _of_recipe(recipe: Any) -> dict[str, Any] | None:
    if isinstance(recipe, Products):
        return {"products": [[term, list(columns)] for term, columns in recipe.terms]}
    return None if recipe is None else _of_spec(recipe)


def _recipe_of(data: Mapping[str, Any] | None) -> Any:
    if data is not None and "products" in data:
        return Products(tuple((term, tuple(columns)) for term, columns in data["products"]))
    return None if data is None else _spec_of(data)


def _of_aliasing(aliasing: Aliasing) -> dict[str, Any]:
    partner = aliasing.partner
    return {
        "null": plain(aliasing.null),
        "told": dict(aliasing.combinations),
        "beside": None
        if partner is None
        else {
            "parameter": partner.parameter,
            "design": None if partner.design is None else of_design(partner.design),
            "null": plain(partner.null),
        },
    }


def _aliasing_of(data: Mapping[str, Any]) -> Aliasing:
    partner = data["beside"]
    if partner is not None:
        design = None if partner["design"] is None else design_of(partner["design"])
        partner = AliasingPartner(partner["parameter"], design, restored(partner["null"]))
    return Aliasing(restored(data["null"]), dict(data["told"]), partner)


# -- formulaic's recipes -----------------------------------------------------------------------------------------


def _of_spec(spec: Any) -> dict[str, Any]:
    """What formulaic has learnt of a formula: how each term is coded, levels, and means, scales and knots."""
    return {
        "terms": [
            {
                "factors": [[factor.expr, factor.eval_method.value] for factor in made.term.factors],
                "columns": list(made.columns),
                "products": [
                    {"scale": one.scale, "factors": [[f.factor.expr, f.reduced] for f in one.factors]}
                    for one in made.scoped_terms
                ],
            }
            for made in spec.structure
        ],
        "transforms": {expr: plain(state) for expr, state in spec.transform_state.items()},
        # formulaic makes contrasts again from the categories
        "encoders": {
            expr: [kind.value, plain({k: v for k, v in state.items() if k != "contrasts"})]
            for expr, (kind, state) in spec.encoder_state.items()
        },
    }


def _spec_of(data: Mapping[str, Any]) -> Any:
    from formulaic import Formula, ModelSpec
    from formulaic.materializers.base import EncodedTermStructure
    from formulaic.materializers.types import EvaluatedFactor, FactorValues, ScopedFactor, ScopedTerm
    from formulaic.parser.types import Factor, Term

    _check_code_of(data)

    def scoped(product: Mapping[str, Any]) -> Any:
        factors = [
            ScopedFactor(EvaluatedFactor(Factor(expr), FactorValues(None)), reduced)
            for expr, reduced in product["factors"]
        ]
        return ScopedTerm(factors, product["scale"])

    terms = [Term([Factor(expr, eval_method=method) for expr, method in made["factors"]]) for made in data["terms"]]
    structure = [
        EncodedTermStructure(term, [scoped(product) for product in made["products"]], list(made["columns"]))
        for term, made in zip(terms, data["terms"], strict=True)
    ]
    return ModelSpec(
        Formula(terms, _ordering="none"),
        materializer="pandas",
        materializer_params={},
        na_action="ignore",
        output="pandas",
        structure=structure,
        transform_state={expr: restored(state) for expr, state in data["transforms"].items()},
        encoder_state={expr: (Factor.Kind(kind), restored(state)) for expr, (kind, state) in data["encoders"].items()},
    )


def _check_code_of(data: Mapping[str, Any]) -> None:
    """Raise DesignError where a recipe evaluates what no formula may say: files come from anywhere."""
    for made in data["terms"]:
        evaluated = dict(made["factors"])
        for expr, method in evaluated.items():
            if method == "python":
                check_code(expr)
            elif method not in ("lookup", "literal"):
                raise OptionError(f"a factor of a formula is not evaluated by {method!r}")
        if not {expr for product in made["products"] for expr, _ in product["factors"]} <= set(evaluated):
            raise OptionError("a product in a recipe is of factors that its term does not have")


def _of_coding(coding: Coding) -> dict[str, Any]:
    def factor(one: Levels | Numbers) -> dict[str, Any]:
        if isinstance(one, Levels):
            return {"column": one.column, "names": list(one.names), "place": plain(one.place)}
        return {"recipe": _of_spec(one.spec), "names": list(one.names)}

    return {
        "levels": [[name, plain(levels)] for name, levels in coding.levels.items()],
        "plain": plain(coding.plain),
        "products": [{"start": p.start, "factors": [factor(one) for one in p.factors]} for p in coding.products],
    }


def _coding_of(data: Mapping[str, Any]) -> Coding:
    def factor(one: Mapping[str, Any]) -> Levels | Numbers:
        names = tuple(one["names"])
        if "column" in one:
            return Levels(one["column"], names, restored(one["place"]))
        return Numbers(_spec_of(one["recipe"]), names)

    return Coding(
        {name: tuple(restored(levels)) for name, levels in data["levels"]},
        restored(data["plain"]),
        tuple(Product(tuple(factor(one) for one in p["factors"]), p["start"]) for p in data["products"]),
    )
