"""A tenant's directory (Entra), typed: who is in it, and who can become whom there."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from scanner.azure.powers import POWERS, Power
from scanner.estate import Principal
from scanner.grants import Standing


@dataclass(frozen=True, slots=True)
class GroupMembers:
    """Who is in a group: direct or, when `transitive`, all the way down."""

    ids: frozenset[str]
    complete: bool
    transitive: bool = False


class WayIn(StrEnum):
    """Who gets somebody into a group, besides its owners."""

    OPEN = "whoever manages groups"
    PROTECTED = "whoever manages roles of the directory"
    CLOSED = "a rule, or another directory"


@dataclass(frozen=True, slots=True, order=True)
class DirectoryRole:
    """A principal holding a role of the Entra directory, or a permission of Graph.

    Attributes:
        role: template id; of a permission, its id.
        id: as collected.
        scope: of the directory's objects, without slashes around; empty: all of them.
        standing: `eligible` takes a PIM activation.
        begins: ISO 8601 beginning of what is not in force yet; empty when it is.
    """

    principal: str
    role: str
    id: str
    scope: str = ""
    standing: Standing = Standing.PERMANENT
    begins: str = ""


@dataclass(frozen=True, slots=True)
class Directory:
    """The principals of a tenant and how they belong to each other.

    Attributes:
        principals: by object id, those that only assignments name included.
        members: direct members by group id.
        reached: by group id, everybody in it through any number of groups (`reach`).
        open_groups: groups of `reached` that may have members nobody has seen.
        eligible: (principal, group) that PIM for Groups lets in.
        eligible_owners: (principal, group) that it lets own the group.
        powers: what roles and permissions let their holders become, by id.
        audiences: ids of the applications that tokens may be for: those with a service
            principal here; None where these were not read whole.
        joining_from, owning_from: when what of the two has not begun does, in ISO 8601.
        owners: (owner, owned object); `unsure_owners` where nobody has read what that
            is.
        roles: roles of the directory that somebody holds, sorted.
        roles_listed: the holders of every such role were read.
        ways_in: how somebody gets into each group that was read.
        standing_for: applications that stand for a service principal, by object id.
    """

    principals: Mapping[str, Principal] = field(default_factory=dict)
    members: Mapping[str, GroupMembers] = field(default_factory=dict)
    reached: Mapping[str, frozenset[str]] = field(default_factory=dict)
    open_groups: frozenset[str] = frozenset()
    eligible: tuple[tuple[str, str], ...] = ()
    eligible_owners: tuple[tuple[str, str], ...] = ()
    owners: tuple[tuple[str, str], ...] = ()
    roles: tuple[DirectoryRole, ...] = ()
    roles_listed: bool = False
    ways_in: Mapping[str, WayIn] = field(default_factory=dict)
    standing_for: Mapping[str, str] = field(default_factory=dict)
    powers: Mapping[str, Power] = field(default_factory=lambda: POWERS)
    joining_from: Mapping[tuple[str, str], str] = field(default_factory=dict)
    owning_from: Mapping[tuple[str, str], str] = field(default_factory=dict)
    audiences: frozenset[str] | None = None
    unsure_owners: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, order=True)
class Federated:
    """A credential of a managed identity or an application, for others' tokens.

    Attributes:
        id: of the credential.
        identity: object id of the managed identity, or of the service principal.
        issuer: as the credential names it.
        subject: the only subject that it admits; empty where evidence does not say.
    """

    id: str
    identity: str
    issuer: str
    subject: str
