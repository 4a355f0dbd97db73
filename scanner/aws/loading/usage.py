"""Type what an account's evidence says about when its principals did what."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from scanner import gaps
from scanner.aws.loading import answers as api
from scanner.aws.loading.credential_report import Unreadable, read_report
from scanner.aws.loading.identities import IamAnswers
from scanner.aws.loading.scope import Answer, Scope
from scanner.aws.loading.usage_answers import (
    CredentialReport,
    LastAccessed,
    ServiceLastAccessed,
    StartedReport,
)
from scanner.aws.model import Identity
from scanner.aws.vectors import catalogue
from scanner.estate import Gap, Provider
from scanner.evidence.outcomes import Outcome
from scanner.evidence.series import time_of
from scanner.usage import Usage, Usages, Use, latest

REPORT, DETAILS = "iam:GetCredentialReport", "iam:GetServiceLastAccessedDetails"
_START = "iam:GenerateServiceLastAccessedDetails"
_STARTED_BY = {REPORT: "iam:GenerateCredentialReport", DETAILS: _START}
#: How far back AWS remembers what services and roles were used.
_REMEMBERED = timedelta(days=400)
_BEGINNING = datetime.min.replace(tzinfo=UTC)


def read_usage(
    scope: Scope, account: str, iam: IamAnswers, identities: Iterable[Identity]
) -> Usages:
    """Join the credential report, last-accessed data and roles' own last use.

    Nothing is known, and nothing is read, unless somebody asked for usage: when a role
    was last used is in every scan's evidence, and would say half of the truth.

    Args:
        scope: the account's answers; odd ones become gaps of it.
        account: its id.
        iam: rows of users and roles.
        identities: the account's principals; what is said of others does not count.
    """
    unasked = frozenset((op, account) for op in _unasked(scope))
    if len(unasked) == len(_STARTED_BY):
        return Usages(unasked=unasked)
    users, accessed = _credentials(scope), dict(_last_accessed(scope))
    created = _created(iam)
    roles = dict(_roles(iam, created))
    found: dict[str, Usage] = {}
    for identity in identities:
        arn = identity.principal.id
        usage = users.get(arn, Usage(seen=roles.get(arn)))
        if arn in accessed:
            usage = _with_vectors(usage, accessed[arn], created.get(arn, _BEGINNING))
        if usage != Usage():
            found[arn] = usage
    return Usages(asked=True, principals=found, unasked=unasked)


def _unasked(scope: Scope) -> Iterator[str]:
    """Yield the reports that nobody asked for; who was refused has asked."""
    for op, start in _STARTED_BY.items():
        if not (scope.asked(op) or scope.asked(start)):
            yield op


def _credentials(scope: Scope) -> Mapping[str, Usage]:
    """Return the newest credential report's users, by ARN."""
    newest = list(scope.newest(REPORT, CredentialReport))
    for answer in newest:
        for page in answer.pages:
            try:
                found = read_report(page.content, time_of(answer.at))
            except Unreadable as error:
                scope.note(_malformed(scope, answer, str(error)))
                continue
            if found.problem:
                scope.note(_malformed(scope, answer, found.problem))
            return found.users if time_of(answer.at) > _BEGINNING else {}
    return {}


def _malformed(scope: Scope, answer: Answer[CredentialReport], why: str) -> Gap:
    key = answer.key
    return Gap(
        provider=Provider.AWS,
        scope=scope.name,
        what=key.op,
        region=key.region,
        params=key.params,
        outcome=Outcome.MALFORMED,
        why=why,
        effect=gaps.effect_of(Provider.AWS, key.op),
    )


def _created(iam: IamAnswers) -> Mapping[str, datetime]:
    rows: list[api.User | api.Role] = [*iam.users, *iam.roles]
    return {row.arn: time_of(row.create_date) for row in rows if row.create_date}


def _roles(
    iam: IamAnswers, created: Mapping[str, datetime]
) -> Iterator[tuple[str, Use]]:
    """Yield when each role was last used; an empty object says never."""
    asked = time_of(iam.at)
    if asked == _BEGINNING:
        return
    for row in iam.roles:
        if row.role_last_used is None or "RoleLastUsed" in row.odd:
            continue
        born = created.get(row.arn, _BEGINNING)
        yield row.arn, _used(row.role_last_used.last_used_date, asked, born)


def _used(text: str | None, asked: datetime, created: datetime) -> Use:
    """Return a use at a time; without one there was none that AWS remembers."""
    if text is None:
        return Use(asked, None, max(asked - _REMEMBERED, created))
    at = time_of(text)
    return Use(asked) if at == _BEGINNING else Use(asked, at, at)


def _last_accessed(scope: Scope) -> Iterator[tuple[str, Answer[LastAccessed]]]:
    """Yield the newest whole last-accessed data of each principal, by ARN.

    The answer does not name its principal: parameters do, by ARN or by the ticket that
    another call has handed out for it.
    """
    tickets = {
        page.job_id: str(answer.params.get("Arn"))
        for answer in scope.read(_START, StartedReport)
        for page in answer.pages
    }
    found: dict[str, Answer[LastAccessed]] = {}
    for answer in scope.read(DETAILS, LastAccessed):
        ticket = tickets.get(str(answer.params.get("JobId")))
        arn = answer.params.get("Arn") or ticket
        made = all(page.job_status == "COMPLETED" for page in answer.pages)
        if not (arn and answer.complete and made and time_of(answer.at) > _BEGINNING):
            continue
        before = found.get(str(arn))
        if before is None or time_of(before.at) < time_of(answer.at):
            found[str(arn)] = answer
    yield from found.items()


def _with_vectors(
    usage: Usage, answer: Answer[LastAccessed], created: datetime
) -> Usage:
    asked = time_of(answer.at)
    rows = [row for page in answer.pages for row in page.services_last_accessed]
    services: dict[str, Use] = {}
    actions: dict[str, Use] = {}
    for row in rows:
        service = row.service_namespace.lower()
        services[service] = _service(row, asked, created)
        for action in row.tracked_actions_last_accessed:
            name = f"{service}:{action.action_name}".lower()
            actions[name] = _used(action.last_accessed_time, asked, created)
    vectors: dict[str, Use] = {}
    for one in catalogue().covered:
        found = _vector(one.action, services, actions)
        if found is not None:
            vectors[one.action] = found
    seen = _seen(usage.seen, services.values())
    return replace(usage, vectors=vectors, seen=seen)


def _service(row: ServiceLastAccessed, asked: datetime, created: datetime) -> Use:
    if "LastAuthenticated" in row.odd:
        return Use(asked)
    return _used(row.last_authenticated, asked, created)


def _vector(
    action: str, services: Mapping[str, Use], actions: Mapping[str, Use]
) -> Use | None:
    """Return when a vector was used: as tracked, or not after its service was."""
    tracked = actions.get(action.lower())
    if tracked is not None:
        return tracked
    service = services.get(action.partition(":")[0].lower())
    return None if service is None else replace(service, known=None)


def _seen(seen: Use | None, services: Iterable[Use]) -> Use | None:
    """Whoever used a service was there; other services leave the bound open."""
    used = latest(services)
    if seen is None:
        return used and replace(used, bound=None)
    if used is None or used.known is None:
        return seen
    known = max(filter(None, (seen.known, used.known)))
    bound = seen.bound and max(seen.bound, known)
    return replace(seen, known=known, bound=bound)
