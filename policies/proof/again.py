"""Decide some principals of a changed estate again, by the engines of every report."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from policies.apply import Index, needed
from policies.proof.context import Context, Half
from scanner.aws.arn import parse_arn
from scanner.aws.deciding.account import AccountEngine
from scanner.aws.model import AwsEstate
from scanner.azure.decide import decide_azure
from scanner.azure.model import AzureEstate
from scanner.grants import Grant

#: Grants by principal, of everybody who was decided again.
Grants = Mapping[str, tuple[Grant, ...]]


def decide_again(
    context: Context, estate: Half, ids: Iterable[str], index: Index
) -> Grants:
    """Decide the grants of some principals on a changed copy of the estate.

    Args:
        context: of the estate as it was.
        estate: one half of the copy.
        ids: the principals.
        index: of the copy.

    Only they are decided, with whatever they may act as without a hop: an engine
    decides everybody by their own policies and assignments.
    """
    wanted = frozenset(ids)
    if isinstance(estate, AwsEstate):
        grants: Iterable[Grant] = _aws(context, estate, wanted, index)
    else:
        grants = _azure(estate, wanted, index)
    found: dict[str, list[Grant]] = {id_: [] for id_ in wanted}
    for grant in grants:
        for principal in grant.principals:
            if principal.id in wanted:
                found[principal.id].append(grant)
    return {id_: tuple(each) for id_, each in found.items()}


def grants_after(context: Context, after: Grants, id_: str) -> tuple[Grant, ...]:
    """Return a principal's grants on the copy: as they were, unless decided again."""
    found = after.get(id_)
    return context.graph.grants_of.get(id_, ()) if found is None else found


def home_of(arn: str) -> str:
    """Return the account that an ARN names; empty when it is none."""
    parsed = parse_arn(arn)
    return parsed.account if parsed else ""


def _aws(
    context: Context, estate: AwsEstate, wanted: frozenset[str], index: Index
) -> Iterator[Grant]:
    kept = needed(estate, wanted, index)
    for id_ in sorted({home_of(arn) for arn in wanted} & estate.accounts.keys()):
        account = estate.accounts[id_]
        some = tuple(i for i in account.identities if i.principal.id in kept)
        if not some:
            continue
        smaller = replace(account, identities=some)
        layout = context.layout(estate, account)
        engine = AccountEngine(estate, smaller, context.rules, layout)
        yield from engine.grants(wanted)


def _azure(
    estate: AzureEstate, wanted: frozenset[str], index: Index
) -> tuple[Grant, ...]:
    kept = needed(estate, wanted, index)
    return tuple(decide_azure(azure_part(estate, kept)).grants)


def azure_part(estate: AzureEstate, ids: Iterable[str]) -> AzureEstate:
    """Return the estate with only some principals, their groups and what they hold.

    Assignments of groups that may have members nobody has seen stay as well: what they
    leave open is open for these principals too.
    """
    wanted = frozenset(ids)
    tenants = {}
    for name, tenant in estate.tenants.items():
        directory = tenant.directory
        reached = directory.reached
        holders = {group for group, inside in reached.items() if inside & wanted}
        holders |= wanted | directory.open_groups
        joined = {group for who, group in directory.eligible if who in holders}
        holders |= joined
        holders |= {group for group, inside in reached.items() if inside & joined}
        kept = tuple(one for one in tenant.assignments if one.principal in holders)
        known = {id_: p for id_, p in directory.principals.items() if id_ in holders}
        smaller = replace(directory, principals=known)
        tenants[name] = replace(tenant, assignments=kept, directory=smaller)
    return replace(estate, tenants=tenants)
