"""What of an account runs commands already: documents, what runs them, holders."""

from dataclasses import dataclass

#: As in `Holder.tagged`.
Tagged = tuple[tuple[tuple[str | None, str | None], ...], ...]


@dataclass(frozen=True, slots=True)
class SsmDocument:
    """An SSM document of the account, or shared with it.

    `arn` of AWS-owned documents has an empty account. `content` is None when it could
    not be read. `shared_with`: account ids, or `all`; None when not known.
    """

    arn: str
    name: str
    owner: str
    region: str
    kind: str  # Command, Automation, Session, Policy, Package…
    content: str | None = None
    tags: tuple[tuple[str, str], ...] | None = None
    shared_with: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Holder:
    """Something that runs already, with a role or instances of its own.

    Attributes:
        kind: as in `scanner.aws.vectors.HOLDERS`: `function`, `running-statemachine`
            with a role; `running-group` with instances.
        role: ARN of its role; empty where it holds instances.
        instances: ids of its instances; of one with a role, those it is confined to.
        content: what it runs, where that was read.
        tagged: its further instances by tag, or those it is confined to: of each group,
            one key and value must fit, None standing for any.
        document: name or ARN of the SSM document that it runs, if it is known.
        entered_by: ARN of the role of the account that its role must let in; empty
            where a service assumes it.
    """

    arn: str
    kind: str
    region: str
    role: str = ""
    instances: tuple[str, ...] = ()
    tags: tuple[tuple[str, str], ...] | None = None
    content: str | None = None
    tagged: Tagged = ()
    document: str = ""
    entered_by: str = ""

    @property
    def confined(self) -> bool:
        """Whether it is about certain instances only."""
        return bool(self.instances or self.tagged)


@dataclass(frozen=True, slots=True)
class Consumer:
    """What runs an SSM document: an association, a window's task, a rule's target.

    Attributes:
        source: its id, for people.
        document: name or ARN of the document.
        version: `$DEFAULT`, `$LATEST` or a number; empty when it cannot be read.
        targets: key and values of each target, as the API gives them; empty when the
            document runs without any.
    """

    source: str
    document: str
    region: str
    version: str = "$DEFAULT"
    targets: tuple[tuple[str, tuple[str, ...]], ...] = ()
