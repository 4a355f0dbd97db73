"""Kinds of resource of which a caller picks one, and how their ARNs are written."""

from dataclasses import dataclass

from scanner.aws.iam.conditions import Missing
from scanner.aws.iam.patterns import is_plain

#: Stands for a run of characters that no policy names.
FILLER = "~"


@dataclass(frozen=True, slots=True)
class Kind:
    """How resources of a kind are written: `arn:…:<service>:…:<prefix><name>`.

    Attributes:
        name: as in `Step.needs`.
        stand_in: the name of one that no policy mentions.
        tags: what is known of the tags of one that evidence does not show; None: it has
            none.
        document_type: value of `ssm:DocumentType`, for documents.
        documents: kinds of SSM document that serve as one.
        regional: its ARN says the region.
        only: just the stand-in is of use.
        holder: it exists already: the kind of holder that shows which do.
    """

    name: str
    service: str
    prefix: str
    stand_in: str = FILLER
    tags: Missing | None = Missing.UNREAD
    document_type: str = ""
    documents: frozenset[str] = frozenset()
    regional: bool = True
    only: bool = False
    holder: str = ""


def _document(name: str, *kinds: str) -> Kind:
    return Kind(
        name,
        "ssm",
        "document/",
        tags=None,
        document_type=kinds[0] if len(kinds) == 1 else "",
        documents=frozenset(kinds),
    )


_PAIR = f"{FILLER}/{FILLER}"
SHAPES = (
    _document("command-document", "Command"),
    _document("session-document", "Session"),
    _document("automation-document", "Automation"),
    _document("association-document", "Command", "Automation", "Policy"),
    _document("change-document", "Automation", "Automation.ChangeTemplate"),
    Kind("session", "ssm", "session/", tags=Missing.REQUEST),
    Kind("association", "ssm", "association/"),
    Kind("automation-execution", "ssm", "automation-execution/"),
    Kind("automation-definition", "ssm", "automation-definition/", f"{FILLER}:1", None),
    Kind("maintenancewindow", "ssm", "maintenancewindow/"),
    Kind("windowtask", "ssm", "windowtask/"),
    Kind("windowtarget", "ssm", "windowtarget/"),
    Kind("opsitem", "ssm", "opsitem/"),
    Kind("patchbaseline", "ssm", "patchbaseline/"),
    Kind("configuration-manager", "ssm-quicksetup", "configuration-manager/"),
    Kind("response-plan", "ssm-incidents", "response-plan/", regional=False),
    Kind("role", "iam", "role/", regional=False),
    Kind("instance-connect-endpoint", "ec2", "instance-connect-endpoint/"),
    Kind("volume", "ec2", "volume/"),
    Kind("replace-root-volume-task", "ec2", "replace-root-volume-task/"),
    Kind("launch-template", "ec2", "launch-template/"),
    Kind("rule", "events", "rule/"),
    Kind("existing-rule", "events", "rule/", holder="running-rule"),
    Kind("schedule", "scheduler", "schedule/", _PAIR),
    Kind("statemachine", "states", "stateMachine:"),
    Kind("new-function", "lambda", "function:"),
    Kind(
        "deploymentgroup",
        "codedeploy",
        "deploymentgroup:",
        _PAIR,
        holder="running-deployment",
    ),
    Kind("new-deploymentgroup", "codedeploy", "deploymentgroup:", _PAIR),
    Kind("application", "elasticbeanstalk", "application/"),
    Kind("applicationversion", "elasticbeanstalk", "applicationversion/", _PAIR),
    Kind("stackset", "cloudformation", "stackset/", f"{FILLER}:{FILLER}"),
    Kind("stack", "cloudformation", "stack/", _PAIR),
    Kind("remediation-configuration", "config", "remediation-configuration/"),
    Kind("fis-action", "fis", "action/", "aws:ssm:send-command", None, only=True),
    Kind("experiment", "fis", "experiment/"),
    Kind("experiment-template", "fis", "experiment-template/"),
)

#: Kinds of resource of which the caller picks one.
KINDS = tuple(shape.name for shape in SHAPES)
DOCUMENTS = frozenset(shape.name for shape in SHAPES if shape.documents)


@dataclass(frozen=True, slots=True)
class Mention:
    """A pattern that policies mention, with what tells quickly whom it cannot name."""

    text: str
    #: Its service segment, if it has all segments and that one is plain.
    service: str
    #: The type it names with its separator, if it names one before any wildcard.
    type: str

    @classmethod
    def of(cls, text: str) -> "Mention":
        """Read a pattern; shorter ones than an ARN may name anything."""
        segments = text.split(":", 5)
        if len(segments) < 6 or not is_plain(segments[2]):
            return cls(text, "", "")
        rest = segments[5]
        end = min((at for at in map(rest.find, "/:") if at >= 0), default=-1)
        type_ = rest[: end + 1]
        return cls(text, segments[2], type_ if is_plain(type_) else "")

    def concerns(self, kind: Kind) -> bool:
        """Tell whether it may name resources of a kind."""
        return self.service in ("", kind.service) and self.type in ("", kind.prefix)


def name_in(pattern: str, prefix: str) -> str:
    """Return the part of a pattern that stands for the name; empty when it has none."""
    _, found, name = pattern.partition(prefix)
    if found:
        return name
    _, star, rest = pattern.rpartition(":")[2].partition("*")
    return star + rest
