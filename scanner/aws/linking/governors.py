"""Who governs an organisation: its management account, and delegated administrators."""

from collections.abc import Iterator, Sequence

from scanner.aws.linking.onward import Made
from scanner.aws.linking.rights import Operations, Rights
from scanner.aws.model import AwsAccount, AwsEstate, Identity, Organization


def managing(
    estate: AwsEstate, operations: Operations, made: Made | None
) -> Iterator[tuple[Organization, AwsAccount, Rights]]:
    """Yield the management accounts in evidence, with the rights of who is in them.

    Args:
        estate: the estate.
        operations: what is asked about.
        made: who acts instead, by account: what identities could become.
    """
    for organization in estate.organizations:
        home = estate.accounts.get(organization.management_account)
        if home is not None:
            who = None if made is None else made.get(home.id, ())
            yield organization, home, Rights(estate, home, operations, who)


def administering(
    estate: AwsEstate, services: tuple[str, ...], made: Made | None
) -> Iterator[tuple[Organization, str, Sequence[Identity] | None]]:
    """Yield the accounts that administer a service, with who acts instead there.

    Args:
        estate: the estate.
        services: how the names of the service's principals begin.
        made: as for `managing`; accounts where nobody acts instead are left out.
    """
    for organization in estate.organizations:
        delegated = (
            account
            for account, names in organization.delegated.items()
            if any(one.startswith(services) for one in names)
        )
        administrators = (organization.management_account, *delegated)
        for account in dict.fromkeys(administrators):
            who = None if made is None else made.get(account, ())
            if who is None or who:
                yield organization, account, who
