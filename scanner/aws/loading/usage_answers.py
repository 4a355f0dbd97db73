"""The shapes of API answers about usage: see `scanner.aws.loading.answers`."""

import msgspec

from scanner.aws.loading.answers import Row


class CredentialReport(Row):
    """`iam:GetCredentialReport`: CSV text in base64, as the API and the CLI give it."""

    content: str


class StartedReport(Row):
    """`iam:GenerateServiceLastAccessedDetails`: the ticket of a report."""

    job_id: str


class TrackedAction(Row):
    """One action of a service that AWS keeps track of."""

    action_name: str
    last_accessed_time: str | None = None


class ServiceLastAccessed(Row):
    """A service that the principal's policies allow; never used without a time."""

    service_namespace: str
    last_authenticated: str | None = None
    tracked_actions_last_accessed: list[TrackedAction] = msgspec.field(
        default_factory=list
    )


class LastAccessed(Row):
    """`iam:GetServiceLastAccessedDetails`."""

    job_status: str
    services_last_accessed: list[ServiceLastAccessed]
