"""Arguments of `--change` and `--delete`: which files, about which objects."""

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from policies.apply.aws_index import AwsIndex
from policies.apply.azure_draft import AzureIndex
from policies.changes_in import aws_files, azure_files, bundles, terraform
from policies.changes_in.names import Names
from policies.changes_in.objects import FORMS, bare_body, object_of
from policies.changes_in.wanted import Passed, Wanted
from policies.resources import Resource, ResourceKind
from scanner.errors import UnusableInput
from scanner.evidence import strictjson

_STDIN = "-"
_DOCUMENTS = (
    ResourceKind.MANAGED_POLICY,
    ResourceKind.INLINE_POLICY,
    ResourceKind.TRUST,
    ResourceKind.SCP,
    ResourceKind.RCP,
    ResourceKind.PERMISSION_SET_INLINE,
)
_HINT = f"give FILE or OBJECT=FILE; an OBJECT is one of: {', '.join(FORMS)}"


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads what somebody handed in, in view of an estate.

    Attributes:
        aws, azure: indexes of the halves; None where the estate has none.
        names: finds what files call by a short name.
        passed: what was read and not looked at, so far.
    """

    aws: AwsIndex | None
    azure: AzureIndex | None
    names: Names
    passed: Passed = field(default_factory=Passed)

    def change(self, argument: str) -> tuple[Wanted, ...]:
        """Return the objects of one `--change`: FILE, OBJECT=FILE or OBJECT.

        Raises:
            UnusableInput: no such file, not strict JSON, not recognised.
        """
        if argument == _STDIN or _exists(argument):
            return tuple(self._file(argument))
        for named, file in _splits(argument):
            return (self._named(named, file),)
        resource = object_of(argument)
        body = bare_body(resource) if resource else None
        if resource is None or body is None:
            reason = "neither a file nor an object with its file"
            raise UnusableInput(f"--change {argument!a}", reason, _HINT)
        return (Wanted(resource, body, f"--change {argument!a}"),)

    def delete(self, argument: str) -> Wanted:
        """Return the object of one `--delete`.

        Raises:
            UnusableInput: the text names no object.
        """
        resource = object_of(argument)
        source = f"--delete {argument!a}"
        if resource is None:
            hint = f"an OBJECT is one of: {', '.join(FORMS)}"
            raise UnusableInput(source, "names no object", hint)
        return Wanted(self._control(resource), None, source, new=False)

    def _file(self, name: str) -> Iterator[Wanted]:
        path = Path(name)
        if name != _STDIN and path.is_dir():
            path = bundles.file_of(path)
        body = _load(str(path) if name != _STDIN else name)
        yield from self._body(body, _called(str(path)), path.parent)

    def _body(self, body: Any, source: str, folder: Path) -> Iterator[Wanted]:
        if isinstance(body, Mapping) and isinstance(body.get("value"), list):
            body = body["value"]
        if isinstance(body, list):
            for number, one in enumerate(body):
                yield from self._body(one, f"{source}[{number}]", folder)
            return
        if not isinstance(body, Mapping):
            raise UnusableInput(source, "is no object", "hand in a policy or a plan")
        yield from self._object(body, source, folder)

    def _object(
        self, body: Mapping[str, Any], source: str, folder: Path
    ) -> Iterator[Wanted]:
        if terraform.is_plan(body):
            yield from terraform.recognised(body, source, self.names, self.passed)
        elif bundles.is_bundle(body):
            yield from bundles.recognised(body, source, folder)
        elif not aws_files.is_aws(body) and azure_files.is_azure(body):
            yield from azure_files.recognised(body, source, self.azure)
        else:
            for one in aws_files.recognised(body, source, self.names):
                yield replace(one, resource=self._control(one.resource))

    def _named(self, resource: Resource, file: str) -> Wanted:
        """Return a change of an object that was named, from a bare file."""
        body, source = _load(file), _called(file)
        resource = self._control(resource)
        if resource.kind in _DOCUMENTS:
            content = aws_files.document(aws_files.documents_in(body), source)
            return Wanted(resource, content, source, new=False)
        if resource.kind.value.startswith("azure."):
            return azure_files.of_object(resource, body, source)
        return Wanted(resource, body, source, new=False)

    def _control(self, resource: Resource) -> Resource:
        """Tell an RCP from an SCP: their ids look alike."""
        if resource.kind is not ResourceKind.SCP or self.aws is None:
            return resource
        organizations = self.aws.estate.organizations
        rcp = any(resource.id in one.rcp_policies for one in organizations)
        return replace(resource, kind=ResourceKind.RCP) if rcp else resource


def _splits(argument: str) -> Iterator[tuple[Resource, str]]:
    """Yield the ways to read OBJECT=FILE: names of both may hold a `=`."""
    at = argument.find("=")
    while at >= 0:
        resource, file = object_of(argument[:at]), argument[at + 1 :]
        if resource is not None and (file == _STDIN or _exists(file)):
            yield resource, file
        at = argument.find("=", at + 1)


def _exists(name: str) -> bool:
    try:
        return Path(name).exists()
    except (OSError, ValueError):
        return False


def _load(name: str) -> Any:
    if name == _STDIN:
        return strictjson.loads(sys.stdin.buffer.read(), _called(name))
    return strictjson.load_file(Path(name))


def _called(name: str) -> str:
    return "standard input" if name == _STDIN else name
