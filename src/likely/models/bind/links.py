"""The link that was asked for, parameter by parameter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from likely.errors import OptionError, is_one_of, unknown
from likely.families.base import Parameter
from likely.families.base.links import LINKS, find_link


def link_for(name: str, link: Mapping[str, str] | str | None, free: Sequence[Parameter]) -> str | None:
    """The name of a parameter's link in the argument ``link=``; None where it has the usual one."""
    if link is None:
        return None
    if isinstance(link, str):
        if find_link(link) is None:
            raise unknown("link", link, [*LINKS, "power"])
        return link if name == free[0].name else None
    if not isinstance(link, Mapping):
        raise OptionError(f"link is a name such as 'log', or a dict of them by parameter; found {link!r}")
    for given in link:
        if not is_one_of(given, [p.name for p in free]):
            raise unknown("parameter", given, [p.name for p in free], " in link=")
    return link.get(name)
