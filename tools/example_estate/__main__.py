"""`python -m tools.example_estate [FOLDER]`: write the bundled example estate."""

import sys
from pathlib import Path

from scanner.evidence.manifest import Scope
from tools.example_estate.aws_accounts import (
    ACCOUNTS,
    HOST_ROLE,
    OIDC_PROVIDERS,
    SAML_PROVIDER,
)
from tools.example_estate.aws_fleet import REGIONS, write_region
from tools.example_estate.aws_organization import (
    CLOSED,
    MANAGEMENT,
    NAMES,
    ORG,
    write_organization,
)
from tools.example_estate.azure_subscriptions import write_subscriptions
from tools.example_estate.azure_tenant import SUBSCRIPTIONS, TENANT, write_tenant
from tools.example_estate.iam import Account
from tools.example_estate.usage import write_account_usage
from tools.example_estate.writing import Writer, new_store

BUNDLED = Path(__file__).parents[2] / "scanner" / "example" / "estate"


def scopes() -> list[Scope]:
    """Say what the "scan" of the example set out to read."""
    found = [Scope("aws", "organization", ORG, name="Meridian Foods")]
    for number, name in NAMES.items():
        off = number == CLOSED
        found.append(
            Scope(
                "aws",
                "account",
                number,
                name=name,
                regions=() if off else REGIONS,
                skipped="SUSPENDED" if off else None,
            )
        )
    found.append(Scope("azure", "tenant", TENANT, name="meridian.example"))
    for number, name in SUBSCRIPTIONS.items():
        found.append(Scope("azure", "subscription", number, tenant=TENANT, name=name))
    return found


def build(root: Path) -> None:
    """Write the whole estate under `root`, replacing what is there."""
    store = new_store(root, scopes())
    log = Writer(
        store, "aws/organization.jsonl", account=MANAGEMENT, region="us-east-1"
    )
    write_organization(log)
    log.finish()
    for number, make in ACCOUNTS.items():
        write_account(Writer(store, f"aws/{number}.jsonl", account=number), make())
    write_tenant(store)
    write_subscriptions(store)
    store.close(finished=True)


def write_account(log: Writer, account: Account) -> None:
    """Write one member account's file."""
    number = account.id
    caller = f"arn:aws:sts::{number}:assumed-role/whocanrun-scanner/scan"
    who = {"UserId": "AROAEXAMPLE:scan", "Account": number, "Arn": caller}
    log.answer("sts:GetCallerIdentity", who, region="us-east-1")
    log.answer("iam:GetAccountAuthorizationDetails", account.details())
    head = f"arn:aws:iam::{number}:oidc-provider"
    rows = [{"Arn": f"{head}/{host}"} for host in OIDC_PROVIDERS.get(number, ())]
    log.answer("iam:ListOpenIDConnectProviders", {"OpenIDConnectProviderList": rows})
    saml = f"arn:aws:iam::{number}:saml-provider/{SAML_PROVIDER}"
    log.answer("iam:ListSAMLProviders", {"SAMLProviderList": [{"Arn": saml}]})
    for region in REGIONS:
        write_region(log, number, region, HOST_ROLE)
    write_account_usage(log, account)
    log.finish()


if __name__ == "__main__":
    build(Path(sys.argv[1]) if len(sys.argv) > 1 else BUNDLED)
