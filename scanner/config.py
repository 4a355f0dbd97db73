"""What somebody has said about an estate: what is approved, production, too many.

`scanner.config_file` reads it from `whocanrun.toml`; without one, `DEFAULTS` hold.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import lru_cache

from scanner.estate import Principal, Target


class Approval(StrEnum):
    """What somebody has said about a principal that runs commands."""

    PRINCIPAL = "approved principal"
    PARTNER = "approved partner"
    BREAK_GLASS = "break-glass principal"


@dataclass(frozen=True, slots=True)
class Thresholds:
    """What is too much.

    Attributes:
        principals_per_scope, principals_per_target: how many principals are accepted,
            before a number check finds them too many.
        unused_days: for how long access is not used, before it is found to be unused.
        activation_hours: for how long activated access may last.
    """

    principals_per_scope: int = 10
    principals_per_target: int = 5
    unused_days: int = 90
    activation_hours: int = 8


@dataclass(frozen=True, slots=True)
class Approved:
    """Patterns of principal ids (`*` and `?`), by what was approved.

    Attributes:
        principals, break_glass: ARNs, Entra object ids.
        partners: account ids, tenant ids, federated subjects, or whole ids.
    """

    principals: tuple[str, ...] = ()
    partners: tuple[str, ...] = ()
    break_glass: tuple[str, ...] = ()


_NOBODY = Approved()


@dataclass(frozen=True, slots=True)
class Identities:
    """Patterns of principal ids whose kind does not tell who is behind them."""

    people: tuple[str, ...] = ()
    workloads: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Stage:
    """Which machines are in production, or are not.

    Attributes:
        tags: `key=value`, the value a pattern; keys and values match in any case.
        scopes: account and subscription ids.
    """

    tags: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ()


_KEYS = ("environment", "env", "stage")
#: Tags that most estates have, where nothing else is said.
PRODUCTION = Stage(tuple(f"{key}=prod*" for key in _KEYS))
NON_PRODUCTION = Stage(
    tuple(
        f"{key}={value}*"
        for key in _KEYS
        for value in ("dev", "test", "stag", "qa", "sandbox", "nonprod", "non-prod")
    )
)


@dataclass(frozen=True, slots=True)
class Acceptance:
    """A suppression: findings that somebody has accepted, until a day.

    Attributes:
        place: where it is written (`whocanrun.toml: accept[1]`).
        reason, owner: why, and who answers for it.
        expires: the last day on which it holds.
        finding: a fingerprint; empty: any.
        check: a check's id; empty: any.
        principal: a pattern of ids; empty: any.
        scope: `aws:` or `azure:` and an id, exactly; empty: any.
        ticket: where it was agreed; may be empty.
    """

    place: str
    reason: str
    owner: str
    expires: date
    finding: str = ""
    check: str = ""
    principal: str = ""
    scope: str = ""
    ticket: str = ""


@dataclass(frozen=True, slots=True)
class AcceptedGap:
    """A gap in coverage that somebody has accepted, until a day.

    Attributes:
        operation, scope: of the gap, exactly; the others as of `Acceptance`.
    """

    place: str
    reason: str
    owner: str
    expires: date
    operation: str
    scope: str
    ticket: str = ""


@dataclass(frozen=True, slots=True)
class Config:
    """Everything that `whocanrun.toml` can say; see `docs/configuration.md`.

    Attributes:
        path: the file that it comes from; empty for the defaults.
    """

    path: str = ""
    thresholds: Thresholds = Thresholds()
    approved: Approved = Approved()
    identities: Identities = Identities()
    production: Stage = PRODUCTION
    non_production: Stage = NON_PRODUCTION
    accept: tuple[Acceptance, ...] = ()
    accept_gap: tuple[AcceptedGap, ...] = ()

    def approvals(self, principal: Principal) -> tuple[Approval, ...]:
        """Return what was approved about a principal."""
        if self.approved == _NOBODY:
            return ()
        if principal.external:  # a pattern over accounts means ours
            return (Approval.PARTNER,) if self.is_partner(principal) else ()
        wanted = {
            Approval.PRINCIPAL: matches(self.approved.principals, principal.id),
            Approval.PARTNER: self.is_partner(principal),
            Approval.BREAK_GLASS: matches(self.approved.break_glass, principal.id),
        }
        return tuple(one for one, holds in wanted.items() if holds)

    def is_partner(self, principal: Principal) -> bool:
        """True for somebody else's principal whose account, tenant or subject is named.

        One of ours is no partner, whatever it is called.
        """
        names = partner_names(principal)
        return any(matches(self.approved.partners, name) for name in names)

    def is_production(self, target: Target) -> bool:
        """True for a machine that is said to be in production."""
        return _staged(self.production, target)

    def is_non_production(self, target: Target) -> bool:
        """True for a machine that is said not to be in production.

        What was said of neither kind is neither; what was said of both, production.
        """
        return _staged(self.non_production, target) and not self.is_production(target)


#: What holds where no file says otherwise.
DEFAULTS = Config()

#: Kinds of principals whose scope is theirs, not ours.
_AWAY = ("external", "foreign")


def partner_names(principal: Principal) -> tuple[str, ...]:
    """Return the names that an outsider has: its id, its home, and its subject.

    Guests, applications and federated users live in an account or tenant of ours. One
    of ours has none.
    """
    if not (principal.external or principal.kind == "federated"):
        return ()
    home = principal.scope if principal.kind in _AWAY else ""
    subject = principal.id.partition("#")[2]
    return tuple(filter(None, (principal.id, home, subject)))


def matches(patterns: tuple[str, ...], text: str) -> bool:
    """True when a text is as one of some patterns says, in any case."""
    return bool(patterns) and _compiled(patterns).fullmatch(text) is not None


@lru_cache(maxsize=1024)
def _compiled(patterns: tuple[str, ...]) -> re.Pattern[str]:
    either = "|".join(map(_translated, patterns))
    return re.compile(either, re.IGNORECASE | re.DOTALL)


def _translated(pattern: str) -> str:
    wild = {"*": ".*", "?": "."}
    return "".join(wild.get(part, re.escape(part)) for part in pattern)


def _staged(stage: Stage, target: Target) -> bool:
    return matches(stage.scopes, target.scope) or _tagged(stage.tags, target.tags)


def _tagged(patterns: tuple[str, ...], tags: Iterable[tuple[str, str]]) -> bool:
    return any(matches(patterns, f"{key}={value}") for key, value in tags)
