"""What `scan --usage` would have found: who works with what, and who has stopped."""

import base64
from collections.abc import Callable, Iterable

from tools.example_estate.iam import CREATED, Account, Json
from tools.example_estate.writing import Writer

#: From a name to the id that Azure has for it.
Ids = Callable[[str], str]

_LINKED = "/aws-service-role/"
_COLUMNS = (
    "user,arn,user_creation_time,password_enabled,password_last_used,mfa_active,"
    "access_key_1_active,access_key_1_last_used_date,"
    "access_key_2_active,access_key_2_last_used_date"
)
_NONE = ("false", "N/A")
#: User to password (enabled, last used), MFA, and first key (active, last used).
_CREDENTIALS: dict[str, tuple[tuple[str, str], str, tuple[str, str]]] = {
    "break-glass": (("true", "no_information"), "true", _NONE),
    "svc-backup": (_NONE, "false", ("true", "2026-11-23T01:10:00+00:00")),
    "frida.holm": (("true", "2026-11-20T07:55:00+00:00"), "true", _NONE),
    "gus.weber": (("true", "2026-02-11T09:00:00+00:00"), "false", _NONE),
    "hana.suzuki": (("true", "2026-11-18T10:20:00+00:00"), "false", _NONE),
    "ivan.costa": (("true", "2026-11-19T16:45:00+00:00"), "true", _NONE),
    "night-jobs": (_NONE, "false", ("true", "2026-11-23T00:30:00+00:00")),
}
#: When users last ran commands, where they did at all.
_COMMANDS = {"svc-backup": "2026-11-23T01:10:00Z", "frida.holm": "2026-11-12T22:05:00Z"}

_SIGN_INS = {
    "ana.petrov": "2026-11-22T08:40:00Z",
    "bo.lindqvist": "2026-11-20T13:15:00Z",
    "chi.okafor": "2026-11-21T09:05:00Z",
    "dev.ramanathan": "2026-03-02T17:30:00Z",
    "kim.reyes_vantage.example#EXT#": "2026-10-30T11:00:00Z",
}
_OBJECT = "http://schemas.microsoft.com/identity/claims/objectidentifier"
_VM = "Microsoft.Compute/virtualMachines"
#: Subscription, by name, to what happened there: who, what, when.
_EVENTS = {
    "shop-prod": [
        ("user ana.petrov", f"{_VM}/runCommand/action", "2026-11-14T21:12:00Z"),
        ("sp shop-pipeline", f"{_VM}/extensions/write", "2026-11-21T03:00:00Z"),
    ],
    "shop-dev": [
        ("user chi.okafor", f"{_VM}/runCommand/action", "2026-11-20T10:30:00Z"),
    ],
}


def write_account_usage(log: Writer, account: Account) -> None:
    """Write the credential report, and last-accessed data of users and roles."""
    users = [_credentials(row) for row in account.users]
    text = "\n".join([_COLUMNS, *users]) + "\n"
    report = {"Content": base64.b64encode(text.encode()).decode()}
    more = {"ReportFormat": "text/csv", "GeneratedTime": "2026-11-23T03:58:00+00:00"}
    log.answer("iam:GetCredentialReport", {**report, **more})
    for row in (*account.users, *account.roles):
        if not row["Path"].startswith(_LINKED):
            used = row.get("RoleLastUsed", {}).get("LastUsedDate")
            at = _COMMANDS.get(row.get("UserName", ""), used)
            log.answer(
                "iam:GetServiceLastAccessedDetails",
                _last_accessed(at),
                Arn=row["Arn"],
                Granularity="ACTION_LEVEL",
            )


def write_sign_ins(log: Writer, users: Iterable[str], ids: Ids) -> None:
    """Write when each user of the tenant last signed in."""
    rows = []
    for name in users:
        found: Json = {"id": ids(f"user {name}"), "createdDateTime": CREATED}
        if name in _SIGN_INS:
            found["signInActivity"] = {"lastSignInDateTime": _SIGN_INS[name]}
        rows.append(found)
    log.answer("graph/users/signInActivity", {"value": rows})


def write_activity(log: Writer, name: str, ids: Ids) -> None:
    """Write the log of one subscription."""
    rows = [_event(ids, *event) for event in _EVENTS.get(name, ())]
    op = "Microsoft.Insights/eventtypes/management/values"
    log.answer(op, {"value": rows}, days="90")


def _credentials(row: Json) -> str:
    password, mfa, key = _CREDENTIALS[row["UserName"]]
    who = (row["UserName"], row["Arn"], CREATED.replace("Z", "+00:00"))
    return ",".join((*who, *password, mfa, *key, *_NONE))


def _last_accessed(at: str | None) -> Json:
    service: Json = {"ServiceName": "AWS Systems Manager", "ServiceNamespace": "ssm"}
    action: Json = {"ActionName": "SendCommand"}
    session: Json = {"ActionName": "StartSession"}
    if at is not None:
        service["LastAuthenticated"] = at
        action["LastAccessedTime"] = session["LastAccessedTime"] = at
    service["TrackedActionsLastAccessed"] = [action, session]
    return {
        "JobStatus": "COMPLETED",
        "JobType": "ACTION_LEVEL",
        "ServicesLastAccessed": [service],
        "IsTruncated": False,
    }


def _event(ids: Ids, who: str, operation: str, at: str) -> Json:
    return {
        "claims": {_OBJECT: ids(who)},
        "correlationId": ids(f"{who} {operation} {at}"),
        "eventTimestamp": at,
        "operationName": {"value": operation, "localizedValue": operation},
        "status": {"value": "Succeeded", "localizedValue": "Succeeded"},
    }
