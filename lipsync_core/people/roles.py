"""Roles and their permissions. Pure; the table in this file is the only place that defines them."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class Role(StrEnum):
    """What a person is in the team, from the least to the most."""

    VIEWER = "viewer"
    MAKER = "maker"
    APPROVER = "approver"
    ADMIN = "admin"


class Action(StrEnum):
    """What a person may want to do."""

    SEE = "see"  # jobs, media, prices and spend
    MAKE = "make"  # briefs, drafts, paid jobs up to one's limit, and jobs brought in from a vendor
    HANDLE = "handle"  # withdraw, hide, ask about, settle or send anew a job
    DECIDE = "decide"  # approve or decline what is above somebody's limit
    CHECK = "check"  # ask a vendor whether the key is good, and let a paused one go on
    PRICES = "prices"  # the team's own rates, and the vendors' invoices
    CAPS = "caps"  # what a month may cost
    PEOPLE = "people"  # who is in the team, as what, and up to which limit
    AUDIT = "audit"  # who did what
    CLEAN = "clean"  # remove what nobody has used for long


class Reach(StrEnum):
    """Whose things a right covers."""

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
"""How far each role's right to an action reaches."""


def may(role: Role, action: Action, *, own: bool = False) -> bool:
    """Whether ``role`` may do ``action``; ``own`` says whether it concerns something of that person's own."""
    reach = RIGHTS[action][role]
    return reach is Reach.ALL or reach is (Reach.OWN if own else Reach.OTHERS)


def roles_for(action: Action) -> str:
    """Who may do it, for people: ``an approver or an admin``."""
    names = [f"{'an' if role[0] == 'a' else 'a'} {role}" for role in Role if RIGHTS[action][role] in (_ALL, _OTHERS)]
    return " or ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
