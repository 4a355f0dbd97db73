"""Who is behind a principal: a person, a program, or somebody else."""

from scanner.config import Config, matches
from scanner.estate import Principal

HUMAN, WORKLOAD, EXTERNAL = "human", "workload", "external"

_SSO = ":role/aws-reserved/sso.amazonaws.com/"


def side_of(principal: Principal, config: Config) -> str:
    """Say who is behind a principal: `external`, `human` or `workload`.

    Users, roots and Identity Center roles are people; other roles, service principals
    and managed identities are workloads, unless the configuration says otherwise.
    """
    if principal.external:
        return EXTERNAL
    if matches(config.identities.people, principal.id):
        return HUMAN
    if matches(config.identities.workloads, principal.id):
        return WORKLOAD
    human = principal.kind in ("user", "root", "guest") or _SSO in principal.id
    return HUMAN if human else WORKLOAD
