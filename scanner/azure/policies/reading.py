"""Rows of policies to what is decided with, and which of them say nothing."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from scanner.azure.drafts import Draft
from scanner.azure.policies import rows
from scanner.azure.policies.model import (
    Member,
    Parameters,
    Policies,
    PolicyAssignment,
    PolicyDefinition,
    PolicyExemption,
    PolicySet,
)
from scanner.azure.policies.shutting import definition_of
from scanner.azure.rbac.scopes import last_segment, normalized, scope_of
from scanner.azure.resource_rows import PolicyProperties, PolicyRow
from scanner.azure.times import is_over
from scanner.estate import Gap, Provider
from scanner.evidence.outcomes import Outcome

_AUTHORIZATION = "Microsoft.Authorization"
ASSIGNMENTS = f"{_AUTHORIZATION}/policyAssignments"
DEFINITIONS = f"{_AUTHORIZATION}/policyDefinitions"
SETS = f"{_AUTHORIZATION}/policySetDefinitions"
EXEMPTIONS = f"{_AUTHORIZATION}/policyExemptions"
RULES = "policy rules"
_EFFECT = "whether policies deny extensions and run commands unknown"


def policies_of(draft: Draft, exemptions_unread: frozenset[str]) -> Policies:
    """Return what a tenant's evidence says of Azure Policy; objects repeat, by id.

    An exemption that had expired when it was read is left out.
    """
    return Policies(
        {normalized(row.id): assignment_of(row) for row in draft.of(PolicyRow)},
        {
            normalized(row.id): definition_from(row)
            for row in draft.of(rows.DefinitionRow)
        },
        {normalized(row.id): set_from(row) for row in draft.of(rows.SetRow)},
        {
            normalized(row.id): exemption_from(row)
            for row, origin in draft.with_origin(rows.ExemptionRow)
            if not is_over(row.properties, origin.at)
        },
        exemptions_unread,
    )


def assignment_of(row: PolicyRow) -> PolicyAssignment:
    """Return an assignment; one with odd members never denies (`selective`)."""
    said = row.properties or PolicyProperties()
    mode = said.enforcement_mode
    spared = said.not_scopes if isinstance(said.not_scopes, list) else []
    return PolicyAssignment(
        row.id,
        _text(said.display_name) or last_segment(row.id),
        normalized(said.scope) if said.scope else scope_of(row.id),
        normalized(said.policy_definition_id or ""),
        _values(said.parameters),
        tuple(normalized(one) for one in spared if isinstance(one, str)),
        mode is None or str(mode).lower() == "default",
        bool(said.resource_selectors or said.overrides) or not is_plain(said),
    )


def definition_from(row: rows.DefinitionRow) -> PolicyDefinition:
    """Return a definition."""
    said = row.properties
    mode = (said.mode or "Indexed").lower()
    return PolicyDefinition(row.id, mode, said.policy_rule, _defaults(said.parameters))


def set_from(row: rows.SetRow) -> PolicySet:
    """Return an initiative."""
    members = tuple(
        Member(
            normalized(one.policy_definition_id),
            (one.policy_definition_reference_id or "").lower(),
            _values(one.parameters),
        )
        for one in row.properties.policy_definitions
    )
    return PolicySet(row.id, members, _defaults(row.properties.parameters))


def exemption_from(row: rows.ExemptionRow) -> PolicyExemption:
    """Return an exemption; it holds at the scope that its id sits on, and below."""
    said = row.properties
    return PolicyExemption(
        row.id,
        scope_of(row.id),
        normalized(said.policy_assignment_id),
        frozenset(one.lower() for one in said.policy_definition_reference_ids or ()),
    )


def policy_gaps(tenant: str, draft: Draft, policies: Policies) -> Iterator[Gap]:
    """Yield what is odd about assignments, and which definitions are missing.

    Nobody misses them where no definition was asked for.
    """
    odd = [row.id for row in draft.of(PolicyRow) if not is_plain(row.properties)]
    if odd:
        why = f"{_named(odd)}: odd parameters or scopes"
        yield _gap(tenant, ASSIGNMENTS, Outcome.MALFORMED, why)
    lists, missing = draft.lists, _missing(policies)
    asked = lists.whole[DEFINITIONS.lower()] or lists.broken[DEFINITIONS.lower()]
    if missing and asked:
        why = f"{_named(missing)}: what is assigned is not in evidence"
        yield _gap(tenant, DEFINITIONS, Outcome.INCOMPLETE, why)


def unread_rules(policies: Policies) -> frozenset[str]:
    """Return the kind of what is not read whole, if rules are: for `not covered`.

    Without the exemptions nobody knows what a policy denies, nor who undoes it.
    """
    unread = policies.exemptions_unread and policies.assignments
    return frozenset({RULES} if unread or _missing(policies) else ())


def _missing(policies: Policies) -> list[str]:
    return [a.id for a in policies.assignments.values() if _lacks(policies, a)]


def _lacks(policies: Policies, assignment: PolicyAssignment) -> bool:
    together = policies.sets.get(assignment.definition)
    wanted: Iterable[str] = (assignment.definition,)
    if together is not None:
        wanted = (member.definition for member in together.members)
    return any(definition_of(policies, one) is None for one in wanted)


def _named(ids: list[str]) -> str:
    return ids[0] if len(ids) == 1 else f"{min(ids)} and {len(ids) - 1} more"


def _gap(tenant: str, op: str, outcome: Outcome, why: str) -> Gap:
    return Gap(Provider.AZURE, tenant, op, "", "{}", outcome, why, _EFFECT)


def is_plain(said: PolicyProperties | None) -> bool:
    """Say whether the members of an assignment are what ARM makes them."""
    if said is None:
        return True
    spared = [] if said.not_scopes is None else said.not_scopes
    given = {} if said.parameters is None else said.parameters
    if not isinstance(spared, list) or not isinstance(given, dict):
        return False
    texts = all(isinstance(one, str) for one in spared)
    return texts and all(isinstance(one, dict) for one in given.values())


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _values(given: Any) -> Parameters:
    """Return the values that are set: `{"name": {"value": …}}`, names without case."""
    return _inner(given, "value")


def _defaults(given: Any) -> Parameters:
    return _inner(given, "defaultValue")


def _inner(given: Any, member: str) -> Parameters:
    found: Mapping[str, Any] = given if isinstance(given, dict) else {}
    return {
        name.lower(): one[member]
        for name, one in found.items()
        if isinstance(one, dict) and member in one
    }
