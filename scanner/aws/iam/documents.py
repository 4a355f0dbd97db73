"""Policy documents: parsed once per content, never mutated, shared by everybody."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement, with one-string members already made lists.

    `None` stands for an absent member; an Action next to a NotAction is a problem of
    the document. `conditions` keeps (operator, key, values) in document order.
    """

    index: int
    sid: str | None
    effect: str  # "Allow" or "Deny"
    actions: tuple[str, ...] | None
    not_actions: tuple[str, ...] | None
    resources: tuple[str, ...] | None
    not_resources: tuple[str, ...] | None
    #: Kind (`AWS`, `Service`, `Federated`, `CanonicalUser`, `*`) and value.
    principals: tuple[tuple[str, str], ...] | None
    not_principals: tuple[tuple[str, str], ...] | None
    conditions: tuple[tuple[str, str, tuple[str, ...]], ...]


@dataclass(frozen=True, slots=True, eq=False)
class PolicyDocument:
    """A document by content; identity comparison is content comparison.

    Attributes:
        text: compact JSON, sorted keys; the content it is shared by.
        version: `2012-10-17`, `2008-10-17`; variables expand only in the former.
        statements: empty when `problem` is set.
        problem: why the document cannot be used (what it could grant is unknown), or
            None.
    """

    text: str
    version: str
    statements: tuple[Statement, ...]
    problem: str | None = None


class DocumentStore:
    """Hands out one `PolicyDocument` per distinct content."""

    def of_raw(self, raw: bytes) -> PolicyDocument:
        """Intern a document given as raw JSON of an API answer.

        Args:
            raw: an object, or a JSON string holding the document as text, URL-encoded
                or not (IAM and Organizations both return such strings).

        Never raises for bad content: the document then carries its `problem`.
        """
        raise NotImplementedError

    def of_text(self, text: str) -> PolicyDocument:
        """Intern a document given as JSON text."""
        raise NotImplementedError
