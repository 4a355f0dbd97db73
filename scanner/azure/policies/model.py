"""Policy objects of a tenant, typed: what is assigned where, and what it says."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from scanner.grants import Conditions

#: Parameters by name in lower case. A value is plain JSON, or a template expression.
Parameters = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class PolicyAssignment:
    """A definition or initiative, assigned at a scope.

    Attributes:
        id: as collected; `name` is what people call it.
        scope: normalized; it holds there and below.
        definition: normalized id of the definition or initiative.
        parameters: values that it sets.
        spared: normalized scopes that it leaves alone (`notScopes`).
        enforced: its enforcement mode is the default one: otherwise nothing is denied.
        selective: resource selectors, overrides or odd members may take out anything.
    """

    id: str
    name: str
    scope: str
    definition: str
    parameters: Parameters = field(default_factory=dict)
    spared: tuple[str, ...] = ()
    enforced: bool = True
    selective: bool = False


@dataclass(frozen=True, slots=True)
class PolicyDefinition:
    """One rule.

    Attributes:
        id: as collected.
        mode: in lower case; `indexed` leaves out resources without tags and location.
        rule: `policyRule` as it stands: its `if` and its `then`.
        defaults: of its parameters.
    """

    id: str
    mode: str
    rule: Any
    defaults: Parameters = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Member:
    """A definition in an initiative: by normalized id, and its name there."""

    definition: str
    reference: str
    parameters: Parameters = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PolicySet:
    """An initiative: several definitions that are assigned together."""

    id: str
    members: tuple[Member, ...]
    defaults: Parameters = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PolicyExemption:
    """A scope that an assignment leaves alone; a waiver and a mitigated one alike.

    Attributes:
        assignment: normalized id.
        references: names of the members that it is about, in lower case; empty: all.
    """

    id: str
    scope: str
    assignment: str
    references: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Policies:
    """Everything about Azure Policy that is known of a tenant, by normalized id.

    Attributes:
        exemptions_unread: subscriptions whose list of exemptions was refused or odd.
    """

    assignments: Mapping[str, PolicyAssignment] = field(default_factory=dict)
    definitions: Mapping[str, PolicyDefinition] = field(default_factory=dict)
    sets: Mapping[str, PolicySet] = field(default_factory=dict)
    exemptions: Mapping[str, PolicyExemption] = field(default_factory=dict)
    exemptions_unread: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Shut:
    """Writes of one resource type that an assignment denies to everybody.

    Attributes:
        id: of the assignment, as collected, with its `name`.
        scope: normalized, where it holds.
        spared: normalized scopes that it leaves alone.
        rest: the alternatives that still pass; none: it denies every write.
        rewritten: normalized ids of the custom definition and initiative behind it:
            who may write one of them undoes it.
    """

    id: str
    name: str
    scope: str
    spared: tuple[str, ...]
    rest: Conditions
    rewritten: tuple[str, ...] = ()
