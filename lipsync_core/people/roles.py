"""Roles and their permissions. Pure; the table in this file is the only place that defines them."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class Role(StrEnum):
    """A person's role in the team, from the fewest permissions to the most."""

    VIEWER = "viewer"
    MAKER = "maker"
    APPROVER = "approver"
    ADMIN = "admin"


class Action(StrEnum):
    """What a person may want to do; each needs a permission."""

    SEE = "see"  # jobs, media, prices and spend
    MAKE = "make"  # briefs, drafts, paid jobs up to the person's limit, and jobs imported from a vendor
    HANDLE = "handle"  # withdraw, hide, check on, resolve or send again a job
    DECIDE = "decide"  # approve or decline jobs above their makers' limits
    CHECK = "check"  # check with a vendor whether the key is valid, and resume a paused one
    PRICES = "prices"  # the team's own rates, and the vendors' invoices
    CAPS = "caps"  # the monthly caps
    PEOPLE = "people"  # members of the team, their roles and limits
    AUDIT = "audit"  # who did what
    CLEAN = "clean"  # remove media that were not used for long


class Reach(StrEnum):
    """Whose things a permission covers."""

    NONE = "none"
    OWN = "own"
    OTHERS = "others"
    ALL = "all"


_N, _OWN, _OTHERS, _ALL = Reach.NONE, Reach.OWN, Reach.OTHERS, Reach.ALL

RIGHTS: Mapping[Action, Mapping[Role, Reach]] = MappingProxyType(
    {
        action: MappingProxyType(dict(zip(Role, reaches, strict=True)))
        for action, reaches in {
            #                 viewer  maker  approver  admin
            Action.SEE: (_ALL, _ALL, _ALL, _ALL),
            Action.MAKE: (_N, _ALL, _ALL, _ALL),
            Action.HANDLE: (_N, _OWN, _ALL, _ALL),
            Action.DECIDE: (_N, _N, _OTHERS, _OTHERS),
            Action.CHECK: (_N, _N, _N, _ALL),
            Action.PRICES: (_N, _N, _N, _ALL),
            Action.CAPS: (_N, _N, _N, _ALL),
            Action.PEOPLE: (_N, _N, _N, _ALL),
            Action.AUDIT: (_N, _N, _N, _ALL),
            Action.CLEAN: (_N, _N, _N, _ALL),
        }.items()
    }
)
"""How far each role's permission for an action reaches."""


def may(role: Role, action: Action, *, own: bool = False) -> bool:
    """Return whether ``role`` may do ``action``; ``own`` says whether it is on the person's own things."""
    reach = RIGHTS[action][role]
    return reach is Reach.ALL or reach is (Reach.OWN if own else Reach.OTHERS)


def roles_with(action: Action) -> tuple[Role, ...]:
    """Return the roles that may do it at least with some things, the lowest first."""
    return tuple(role for role, reach in RIGHTS[action].items() if reach is not Reach.NONE)


def roles_for(action: Action) -> str:
    """Return the roles that may do it, as text: ``an approver or an admin``."""
    names = [f"{'an' if role[0] == 'a' else 'a'} {role}" for role in Role if RIGHTS[action][role] in (_ALL, _OTHERS)]
    return " or ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
