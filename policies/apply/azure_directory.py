"""Apply changes to who is in a tenant's groups, and name whom changes bring in."""

from collections.abc import Iterable
from dataclasses import replace

from policies.apply.azure_draft import AzureDraft
from policies.apply.errors import expect, no_such
from policies.remediation import Change
from policies.resources import Resource
from scanner.azure.definitions import object_id
from scanner.azure.directory import People, reach
from scanner.azure.entra import Directory, GroupMembers

_UNREAD = GroupMembers(frozenset(), complete=False)


def introduce(
    draft: AzureDraft, name: str, people: Iterable[tuple[str, str | None]]
) -> None:
    """Add principals that a change names (id, principal type), and expand groups."""
    directory = draft.tenants[name].directory
    unknown = [one for one in people if one[0] not in directory.principals]
    if unknown:
        found = People(name)
        found.found.update(directory.principals)
        for id_, kind in unknown:
            found.add_assigned(id_, kind, None)
        directory = replace(directory, principals=dict(sorted(found.found.items())))
    groups = {
        id_
        for id_, _ in people
        if id_ not in directory.reached and _is_group(directory, id_)
    }
    if unknown or groups:
        draft.put_directory(name, _expanded(name, directory, groups))


def _is_group(directory: Directory, id_: str) -> bool:
    known = directory.principals.get(id_)
    return id_ in directory.members or (known is not None and known.kind == "group")


def _expanded(name: str, directory: Directory, groups: Iterable[str]) -> Directory:
    """Work out again who is in some groups."""
    some = set(groups)
    reached, unseen = reach(sorted(some), directory.members, directory.principals)
    found = People(name)
    strangers = {id_ for ids in reached.values() for id_ in ids}
    strangers -= directory.principals.keys()
    for id_ in sorted(strangers):
        found.add(id_, None, "user")
    both = {**directory.principals, **found.found}
    return replace(
        directory,
        principals=dict(sorted(both.items())) if strangers else directory.principals,
        reached={**directory.reached, **reached},
        open_groups=(directory.open_groups - some) | unseen,
    )


def membership(draft: AzureDraft, resource: Resource, change: Change) -> None:
    """Put a principal into a group, or take it out.

    What a list of all members, nested ones included, cannot tell stays as it is: a
    member that a nested group has as well, and the lists of the groups above.
    """
    group, member = object_id(resource.id), object_id(resource.name)
    name = _tenant(draft, group, change)
    directory = draft.tenants[name].directory
    known = directory.members.get(group, _UNREAD)
    expect(change, member in known.ids)
    members = dict(directory.members)
    if change.after is None:
        nested = _all_of(directory, known.ids - {member}) if known.transitive else set()
        members[group] = replace(known, ids=known.ids - ({member} - nested))
    else:
        whole = {member, *_all_of(directory, {member})}
        members[group] = _with(known, member, whole)
        for other, listed in directory.members.items():
            if listed.transitive and group in listed.ids:
                members[other] = _with(listed, member, whole)
    if not members[group].ids and not members[group].complete:
        del members[group]  # as good as not read
    affected = {
        other
        for other, ids in directory.reached.items()
        if other == group or group in ids
    }
    changed = _expanded(name, replace(directory, members=members), affected)
    draft.put_directory(name, changed)


def _with(known: GroupMembers, member: str, whole: set[str]) -> GroupMembers:
    return replace(known, ids=known.ids | (whole if known.transitive else {member}))


def _all_of(directory: Directory, ids: Iterable[str]) -> set[str]:
    """Return everybody in those of some principals that are groups."""
    groups = [id_ for id_ in ids if _is_group(directory, id_)]
    reached, _ = reach(groups, directory.members, directory.principals)
    return {id_ for some in reached.values() for id_ in some}


def _tenant(draft: AzureDraft, group: str, change: Change) -> str:
    for name, tenant in draft.tenants.items():
        if _is_group(tenant.directory, group):
            return name
    raise no_such(change, f"group {group}")
