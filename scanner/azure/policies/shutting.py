"""What the policies of a tenant deny to everybody, by the resource type written."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from scanner.azure.policies.alternatives import EVERYTHING, NOTHING
from scanner.azure.policies.builtin import BUILT_IN
from scanner.azure.policies.model import (
    Member,
    Parameters,
    Policies,
    PolicyAssignment,
    PolicyDefinition,
    Shut,
)
from scanner.azure.policies.rules import passing, reaching
from scanner.azure.policies.types import WRITTEN, may_see, seen_in
from scanner.azure.policies.values import UNKNOWN, filled, resolved
from scanner.azure.rbac.scopes import ROOT, scope_of, type_and_parent
from scanner.grants import Conditions

_UNRESOLVED = str(UNKNOWN).lower()


class _Rule(NamedTuple):
    """A definition as an assignment uses it."""

    definition: PolicyDefinition
    parameters: Parameters
    reference: str
    rewritten: tuple[str, ...]


def shuts_of(policies: Policies) -> Mapping[str, tuple[Shut, ...]]:
    """Return what is denied, by resource type in lower case.

    Only assignments that are enforced with the effect `deny` deny anything. What a
    definition that is not in evidence says, a template function, a selector or an
    override does, is unknown: then nothing is.
    """
    found: defaultdict[str, list[Shut]] = defaultdict(list)
    spared = _exempt(policies)
    for key, assignment in sorted(policies.assignments.items()):
        if not assignment.enforced or assignment.selective:
            continue
        for rule in _rules(policies, assignment):
            for written, shut in _shuts(assignment, rule, spared.get(key, ())):
                found[written].append(shut)
    same: dict[tuple[Shut, ...], tuple[Shut, ...]] = {}  # equal ones are one object
    listed = ((written, tuple(some)) for written, some in found.items())
    return {written: same.setdefault(some, some) for written, some in listed}


def may_deny(
    policies: Policies, written: str
) -> frozenset[tuple[str, str, Conditions]]:
    """Return the assignments that may deny a write of any type, for all that is known.

    Each with its id, its scope, and under which alternatives: what is unknown of a rule
    may be so.
    """
    found = set()
    for assignment in policies.assignments.values():
        for rule in _rules(policies, assignment) if assignment.enforced else ():
            said = rule.definition.rule
            effect = _effect(said.get("then"), rule) if isinstance(said, dict) else ""
            seen = effect in ("deny", _UNRESOLVED)
            if seen and may_see(rule.definition.mode, written):
                when = reaching(said.get("if"), rule.parameters, written)
                found.add((assignment.id, assignment.scope, when))
    return frozenset(one for one in found if one[2] != NOTHING)


def policed(policies: Policies) -> frozenset[str]:
    """Return every scope that what is denied tells machines apart by."""
    shuts = {shut for some in shuts_of(policies).values() for shut in some}
    return frozenset(scope for one in shuts for scope in (one.scope, *one.spared))


def definition_of(policies: Policies, id_: str) -> PolicyDefinition | None:
    """Return a definition by normalized id: as collected, or as it is known here."""
    return policies.definitions.get(id_) or BUILT_IN.get(id_)


#: Scopes that exemptions take out, with the members they are about.
_Exempt = tuple[tuple[str, frozenset[str]], ...]


def _exempt(policies: Policies) -> Mapping[str, _Exempt]:
    found: defaultdict[str, list[tuple[str, frozenset[str]]]] = defaultdict(list)
    for _, one in sorted(policies.exemptions.items()):
        found[one.assignment].append((one.scope, one.references))
    return {key: tuple(some) for key, some in found.items()}


def _rules(policies: Policies, assignment: PolicyAssignment) -> Iterator[_Rule]:
    together, given = policies.sets.get(assignment.definition), assignment.parameters
    if together is None:
        alone = Member(assignment.definition, "", given)
        yield from _rule(policies, alone, {}, ())
        return
    parameters = filled(together.defaults, given, {})
    written = _custom(assignment.definition)
    for member in together.members:
        yield from _rule(policies, member, parameters, written)


def _rule(
    policies: Policies, member: Member, outer: Parameters, written: tuple[str, ...]
) -> Iterator[_Rule]:
    definition = definition_of(policies, member.definition)
    if definition is not None:
        parameters = filled(definition.defaults, member.parameters, outer)
        rewritten = (*written, *_custom(member.definition))
        yield _Rule(definition, parameters, member.reference, rewritten)


def _custom(id_: str) -> tuple[str, ...]:
    """Return a definition's id if somebody may write it: built-in ones nobody may."""
    return () if scope_of(id_) == ROOT else (id_,)


def _shuts(
    assignment: PolicyAssignment, rule: _Rule, exempt: _Exempt
) -> Iterator[tuple[str, Shut]]:
    said = rule.definition.rule
    if not isinstance(said, dict) or _effect(said.get("then"), rule) != "deny":
        return
    spared = [
        scope
        for scope, references in exempt
        if not references or not rule.reference or rule.reference in references
    ]
    for written in sorted(WRITTEN):
        if not seen_in(rule.definition.mode, written):
            continue
        rest = passing(said.get("if"), rule.parameters, written)
        if rest != EVERYTHING:
            scopes = (*assignment.spared, *(_machine(one, written) for one in spared))
            yield (
                written,
                Shut(
                    assignment.id,
                    assignment.name,
                    assignment.scope,
                    tuple(dict.fromkeys(scopes)),
                    rest,
                    rule.rewritten,
                ),
            )


def _effect(then: Any, rule: _Rule) -> str:
    effect = then.get("effect") if isinstance(then, dict) else None
    return str(resolved(effect, rule.parameters)).lower()


def _machine(scope: str, written: str) -> str:
    """Return the machine of an exempt child: who writes that one child runs on it."""
    kind, parent = type_and_parent(scope)
    return parent if kind == written and kind.count("/") > 1 else scope
