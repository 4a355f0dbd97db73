"""What an estate says about itself beyond who can do what: settings and habits.

No verdict rests on a fact; checks read them.
"""

from dataclasses import dataclass
from enum import StrEnum


class Topic(StrEnum):
    """What a fact is about; the comment says what its subject and detail are."""

    NO_CONTROL = "no-control"  # "", why no control policy stops a command
    NO_JUST_IN_TIME = "no-just-in-time"  # "", ""
    TRUSTS_ORGANIZATION = "trusts-organization"  # role, organization
    DOCUMENT_PUBLIC = "document-public"  # document, region
    DOCUMENT_SHARED = "document-shared"  # document, accounts
    DOCUMENT_FOREIGN = "document-foreign"  # document, what runs it
    SHARING_OPEN = "sharing-open"  # region, ""
    SESSIONS_NOT_LOGGED = "sessions-not-logged"  # region, why
    SESSIONS_AS_ADMINISTRATOR = "sessions-as-administrator"  # region, why
    HOST_ROLE_STRONG = "host-role-strong"  # role, its policies
    SERIAL_CONSOLE = "serial-console"  # region, ""


@dataclass(frozen=True, slots=True, order=True)
class Fact:
    """One thing that is so.

    Attributes:
        scope: account or subscription id.
        subject: what it is about there: a region, a document, a principal's id.
        detail: more of it, in words.
    """

    topic: Topic
    scope: str
    subject: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """The facts of one half of an estate.

    Attributes:
        known: sorted.
        unasked: operation and account or subscription where nobody asked what would
            tell more: no gap says so.
    """

    known: tuple[Fact, ...] = ()
    unasked: frozenset[tuple[str, str]] = frozenset()
