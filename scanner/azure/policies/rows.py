"""Rows of policy definitions, initiatives and exemptions as ARM lists them."""

from typing import Annotated, Any

import msgspec

from scanner.azure.rows import Row

#: The rule and its parameters are read by `scanner.azure.policies.rules`.
Plain = dict[str, Any]
_Name = Annotated[str, msgspec.Meta(min_length=1)]


class DefinitionProperties(Row, frozen=True, rename="camel"):
    """What a policy definition says; without a mode it is `Indexed`."""

    policy_rule: Plain
    mode: str | None = None
    parameters: Plain | None = None


class DefinitionRow(Row, frozen=True):
    """`Microsoft.Authorization/policyDefinitions`."""

    id: _Name
    properties: DefinitionProperties


class MemberRow(Row, frozen=True, rename="camel"):
    """One definition of an initiative."""

    policy_definition_id: _Name
    policy_definition_reference_id: str | None = None
    parameters: Plain | None = None


class SetProperties(Row, frozen=True, rename="camel"):
    """What an initiative says."""

    policy_definitions: tuple[MemberRow, ...]
    parameters: Plain | None = None


class SetRow(Row, frozen=True):
    """`Microsoft.Authorization/policySetDefinitions`."""

    id: _Name
    properties: SetProperties


class ExemptionProperties(Row, frozen=True, rename="camel"):
    """What an exemption says; its category changes nothing."""

    policy_assignment_id: _Name
    policy_definition_reference_ids: tuple[str, ...] | None = None
    expires_on: str | None = None

    @property
    def start_date_time(self) -> None:
        """It is in force from when it is there."""
        return None

    @property
    def end_date_time(self) -> str | None:
        """When it ends."""
        return self.expires_on


class ExemptionRow(Row, frozen=True):
    """`Microsoft.Authorization/policyExemptions`."""

    id: _Name
    properties: ExemptionProperties
