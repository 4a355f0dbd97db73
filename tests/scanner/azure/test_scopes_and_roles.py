"""Scopes compare by whole segments, operations by pattern, both without case."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.azure.rbac.roles import Permission, matches
from scanner.azure.rbac.scopes import (
    ROOT,
    Hierarchy,
    ancestors,
    covers,
    is_scale_set,
    management_group,
    management_group_scope,
    normalized,
    resource_group_of,
    scale_set_of,
    scope_of,
    subscription_of,
)

names = st.text("abcXYZ-_.019", min_size=1, max_size=8)
paths = st.lists(names, min_size=1, max_size=6).map(lambda parts: "/" + "/".join(parts))


@pytest.mark.parametrize(
    ("given_scope", "expected"),
    [
        ("", "/"),
        ("/", "/"),
        ("/Subscriptions/ABC/", "/subscriptions/abc"),
        ("subscriptions/abc", "/subscriptions/abc"),
        ("/subscriptions//abc", "/subscriptions/abc"),
        ("/providers/Microsoft.Subscription/subscriptions/A", "/subscriptions/a"),
        ("providers/Microsoft.Subscription/subscriptions/A", "/subscriptions/a"),
    ],
)
def test_scopes_have_one_form(given_scope, expected):
    assert normalized(given_scope) == expected


@given(paths)
def test_normalizing_twice_is_normalizing_once(path):
    assert normalized(normalized(path)) == normalized(path.upper())


@given(paths, names)
def test_a_scope_covers_itself_and_its_children_only(path, child):
    scope = normalized(path)

    assert covers(scope, scope)
    assert covers(scope, f"{scope}/{child.lower()}")
    assert covers(ROOT, scope)
    assert not covers(scope, scope + "x")
    assert not covers(f"{scope}/{child.lower()}", scope)


@given(paths, paths)
def test_ancestors_are_what_covers(path, other):
    scope, candidate = normalized(path), normalized(other)

    assert (candidate in ancestors(scope)) == covers(candidate, scope)
    assert all(covers(above, scope) for above in ancestors(scope))


VM = "/subscriptions/s/resourcegroups/rg/providers/microsoft.compute/virtualmachines/vm"
SET = VM.replace("virtualmachines/vm", "virtualmachinescalesets/set")


def test_parts_of_a_resource_id():
    assert subscription_of(VM) == "s"
    assert resource_group_of(VM) == "/subscriptions/s/resourcegroups/rg"
    assert resource_group_of("/subscriptions/s") is None
    assert scale_set_of(f"{SET}/virtualmachines/0") == SET
    assert scale_set_of(SET) is None
    assert is_scale_set(SET)
    assert not is_scale_set(f"{SET}/virtualmachines/0")
    assert scope_of(f"{VM}/providers/Microsoft.Authorization/locks/l") == VM
    assert scope_of("/providers/Microsoft.Authorization/roleAssignments/x") == ROOT
    group = management_group_scope("/providers/X/managementGroups/Corp")
    assert management_group(group) == "corp"
    assert management_group(VM) is None


def test_a_chain_ends_at_a_known_root():
    a, b = map(management_group_scope, "ab")
    parents = {"/subscriptions/s": a, a: b}

    assert Hierarchy(parents, frozenset({b})).chain("S") == ((a, b), True)
    assert Hierarchy(parents).chain("s") == ((a, b), False)
    assert Hierarchy({**parents, b: a}).chain("s") == ((a, b), False)
    assert Hierarchy().chain("s") == ((), False)


# -- operations ------------------------------------------------------------------------

patterns = st.text("ab/*", min_size=0, max_size=8)
operations = st.text("ab/", min_size=0, max_size=8)


@given(patterns, operations)
def test_patterns_match_as_a_plain_reading_of_the_wildcard(pattern, operation):
    plain = ".*".join(map(re.escape, pattern.split("*")))

    assert matches(pattern, operation) == bool(re.fullmatch(plain, operation))


def test_many_wildcards_take_linear_time():
    assert not matches("a*" * 1000 + "b", "a" * 5000)


ASSIGN = "Microsoft.ManagedIdentity/userAssignedIdentities/assign/action"


@pytest.mark.parametrize(
    ("pattern", "operation", "expected"),
    [
        (ASSIGN.replace("assign", "*/assign"), ASSIGN, True),
        ("Microsoft.Compute/*/start/action", "Microsoft.Compute/start/action", False),
    ],
)
def test_only_assigning_an_identity_reads_a_wildcard_as_no_segment(
    pattern, operation, expected
):
    block = Permission((pattern,))

    assert block.allows(operation, False) is expected
    assert block.includes(operation, False) is False
