"""Names on one line, without marks that nobody sees: caps, what counts in them, and who made which job for what."""

from collections.abc import Iterable

import sqlalchemy as sa
from alembic import op

from lipsync_core.plain_text import one_line

revision = "0008"
down_revision = "0007"

_caps = sa.table("caps", sa.column("scope"), sa.column("usd_micros"))
_budgets = sa.table("budgets", sa.column("scope"), sa.column("month"), sa.column("taken_usd_micros"))
_jobs = sa.table("jobs", sa.column("project"), sa.column("made_by"))


def upgrade() -> None:
    """Write each name as it is written from now on. Of two caps that become one, the lower one stays."""
    bind = op.get_bind()
    for column in (_jobs.c.project, _jobs.c.made_by):
        for name in _odd(bind.execute(sa.select(column).distinct()).scalars()):
            bind.execute(sa.update(_jobs).where(column == name).values({column.name: _plain(name)}))
    for scope in _odd(bind.execute(sa.select(_caps.c.scope)).scalars().all()):
        _merge_cap(bind, scope, _plain(scope))
    for scope in _odd(bind.execute(sa.select(_budgets.c.scope).distinct()).scalars().all()):
        _merge_budgets(bind, scope, _plain(scope))


def _odd(names: Iterable[str]) -> list[str]:
    return [name for name in names if name != _plain(name)]


def _plain(name: str) -> str:
    """A name, or a scope with one behind its colon."""
    kind, colon, rest = name.partition(":")
    return f"{kind}{colon}{one_line(rest)}" if colon and kind in ("project", "person") else one_line(name)


def _merge_cap(bind: sa.Connection, odd: str, plain: str) -> None:
    limit = sa.select(sa.func.min(_caps.c.usd_micros)).where(_caps.c.scope.in_((odd, plain)))
    lowest = bind.execute(limit).scalar_one()
    if bind.execute(sa.update(_caps).where(_caps.c.scope == plain).values(usd_micros=lowest)).rowcount:
        bind.execute(sa.delete(_caps).where(_caps.c.scope == odd))
    else:
        bind.execute(sa.update(_caps).where(_caps.c.scope == odd).values(scope=plain))


def _merge_budgets(bind: sa.Connection, odd: str, plain: str) -> None:
    for month, taken in bind.execute(
        sa.select(_budgets.c.month, _budgets.c.taken_usd_micros).where(_budgets.c.scope == odd)
    ).all():
        this = (_budgets.c.scope == odd, _budgets.c.month == month)
        same = (_budgets.c.scope == plain, _budgets.c.month == month)
        more = {"taken_usd_micros": _budgets.c.taken_usd_micros + taken}
        if bind.execute(sa.update(_budgets).where(*same).values(more)).rowcount:
            bind.execute(sa.delete(_budgets).where(*this))
        else:
            bind.execute(sa.update(_budgets).where(*this).values(scope=plain))
