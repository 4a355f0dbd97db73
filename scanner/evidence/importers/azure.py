"""Azure CLI, ARM and Graph JSON: lists recognised by their rows' types and members."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

from scanner.evidence.importers import graph
from scanner.evidence.importers.answers import GUID, Answer, Row, Source, texts
from scanner.evidence.importers.azure_rows import (
    ASKED_AT_SCOPE,
    SUBSCRIPTIONS,
    children_of,
    op_of,
    parent_of,
    scopes_of,
    subscription_of,
    subscription_row,
    wrapped,
)
from scanner.evidence.importers.links import named_by_link
from scanner.evidence.lines import SeriesKey, canonical
from scanner.evidence.partial import names_more

Body = dict[str, Any]
_TENANT_WIDE = ("Microsoft.Management/", SUBSCRIPTIONS)
_ROOT = "/"
#: What a Resource Graph answer has beside `data`.
_COUNTS = frozenset({"count", "totalRecords", "total_records"})


def answers(source: Source, body: Any) -> Iterator[Answer] | None:
    """Yield what an Azure list holds, or return None when it is not one.

    Args:
        source: the file, with what options and other files say.
        body: a bare array (Azure CLI), `{"value": […]}` (ARM, Graph), `{"data": […]}`
            (Resource Graph), or one management group with what is below it.

    Raises (while iterating):
        NeedsMore: nothing says which tenant it is from.
        UnusableInput: it is one object, or an empty list.
    """
    if isinstance(body, list):
        return _list(source, body, {})
    if not isinstance(body, dict):
        return None
    if isinstance(body.get("value"), list):
        return _list(source, body["value"], body)
    if isinstance(body.get("data"), list):
        return _data(source, body["data"], body)
    return _object(source, body)


def _list(source: Source, rows: list[Any], body: Body) -> Iterator[Answer]:
    """Yield a list by what its rows are: Graph objects, subscriptions, resources."""
    last = not names_more(body)
    found = source.objects(rows)
    if op := graph.op_of(source, found, body):
        yield _graph(source, op, found, last)
        return
    if not found:
        yield _empty(source, body, last)
        return
    if all("subscriptionId" in row or "cloudName" in row for row in found):
        yield from _subscriptions(source, found, last)
        return
    yield from _resources(source, found, last)


def _empty(source: Source, body: Body, last: bool) -> Answer:
    """Return a page without rows that says by its link what it is a page of."""
    named = named_by_link(body)
    if named is None:
        raise source.refuse("an empty list", "nothing says what it would list")
    inside = named.subscription
    tenant = _tenant(source, inside, [inside] if inside else [])
    return _answer(source, named.op, [], last, tenant, inside, named.params)


def _data(source: Source, rows: list[Any], body: Body) -> Iterator[Answer]:
    if not rows and not _COUNTS & body.keys():
        raise source.refuse("an empty list", "nothing says what it would list")
    found = source.objects(rows)
    types = {str(row.get("type")).partition("/")[0].lower() for row in found}
    table = "resources"
    if types == {"microsoft.authorization"}:
        table = "authorizationresources"
    op = f"ResourceGraph/{table}"
    tenants = texts(found, "tenantId")
    tenant = tenants.pop() if len(tenants) == 1 else source.tenant()
    counted = body.get("totalRecords", body.get("total_records"))
    last = not names_more(body) and counted in (None, len(rows))
    yield _answer(source, op, rows, last, tenant, body={**body, "data": rows})


def _object(source: Source, body: Body) -> Iterator[Answer] | None:
    op = op_of(body)
    if op == "Microsoft.Management/managementGroups":
        return _resources(source, list(children_of(body)), last=True)
    if op or "userPrincipalName" in body or "cloudName" in body:
        hint = "export the list instead: one object does not say that there are no more"
        raise source.refuse("one object, not a list", hint)
    return None


def _graph(source: Source, op: str, rows: list[Body], last: bool) -> Answer:
    params = graph.params_of(source, op)
    return _answer(source, op, rows, last, source.tenant(), params=params)


def _subscriptions(source: Source, rows: list[Body], last: bool) -> Iterator[Answer]:
    """Yield subscriptions by tenant (`az account list` holds those of several)."""
    by_tenant: defaultdict[str, list[Body]] = defaultdict(list)
    for row in rows:
        if subscription := subscription_row(row):
            tenant = str(subscription.get("tenantId") or "") or source.tenant()
            by_tenant[tenant.lower()].append(subscription)
    for tenant, found in sorted(by_tenant.items()):
        yield _answer(source, SUBSCRIPTIONS, found, last, tenant)


def _resources(source: Source, rows: list[Body], last: bool) -> Iterator[Answer]:
    by_op: defaultdict[str, list[Body]] = defaultdict(list)
    for row in rows:
        by_op[op_of(row)].append(row)
    unknown = by_op.pop("", [])
    if not by_op:
        named = ", ".join(sorted(texts(unknown, "type"))) or "rows without a type"
        raise source.refuse(f"not recognised: {named[:100]}", "leave it out")
    for op, found in sorted(by_op.items()):
        yield from _of_one_type(source, op, [wrapped(op, row) for row in found], last)


def _of_one_type(
    source: Source, op: str, rows: list[Body], last: bool
) -> Iterator[Answer]:
    if op.startswith(_TENANT_WIDE):
        tenants = texts([row["properties"] for row in rows], "tenantId")
        tenant = tenants.pop() if len(tenants) == 1 else source.tenant()
        yield _answer(source, op, rows, last, tenant)
        return
    by_place: defaultdict[tuple[str, str], list[Body]] = defaultdict(list)
    inside = {subscription_of(op, row) for row in rows} - {""}
    only = min(inside) if len(inside) == 1 else ""  # inherited rows came back there too
    for row in rows:
        subscription = subscription_of(op, row) or only
        by_place[subscription, parent_of(op, row)].append(row)
    for (subscription, parent), found in sorted(by_place.items()):
        params = {"scope": parent} if parent else _asked_at(op, subscription, found)
        tenant = _tenant(source, subscription, inside)
        yield _answer(source, op, found, last, tenant, subscription, params)


def _tenant(source: Source, subscription: str, others: Iterable[str]) -> str:
    return source.tenant_of(subscription) if subscription else source.tenant(others)


def _asked_at(op: str, subscription: str, rows: Iterable[Row]) -> dict[str, str]:
    """Say at which scope a list was asked.

    Rows of the tenant's root or of management groups alone were listed there, and
    without what is below: the CLI asks with this filter whenever a scope is named.
    """
    if op not in ASKED_AT_SCOPE:
        return {}
    if subscription:
        return {"scope": f"/subscriptions/{subscription}"}
    scopes = scopes_of(rows)
    at = scopes.pop() if len(scopes) == 1 else _ROOT
    if op.endswith("/roleDefinitions"):
        return {"scope": at}
    return {"scope": at, "$filter": "atScope()"}


def _answer(
    source: Source,
    op: str,
    rows: list[Body],
    last: bool,
    tenant: str,
    subscription: str = "",
    params: dict[str, str] | None = None,
    body: Body | None = None,
) -> Answer:
    tenant = tenant.lower()
    if tenant and not GUID.fullmatch(tenant):
        raise source.refuse(f"{tenant[:50]!a} is no tenant id", "export it again")
    key = SeriesKey(
        op, tenant=tenant, subscription=subscription, params=canonical(params)
    )
    file = f"azure/{subscription or tenant}.jsonl"
    return Answer(file, key, body or {"value": rows}, last, len(rows))
