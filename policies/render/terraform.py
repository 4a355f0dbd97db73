"""Terraform, in two variants, because nobody knows whose state an object is in.

*adopt*: a resource with an `import` block, for objects in nobody's state. *edit*: what
to change in a source that has the object already: the resource type, the difference,
and the document both as JSON and as a data source.
"""

import unicodedata
from collections.abc import Iterator, Sequence

from policies.render.differences import difference
from policies.render.documents import pretty
from policies.render.hcl import Block, Code, Value, document
from policies.render.steps import Action, CannotRender, Rendering, Step
from policies.render.terraform_aws import AWS_ARGUMENTS, AWS_OBJECTS
from policies.render.terraform_azure import AZURE_ARGUMENTS, AZURE_OBJECTS
from policies.render.terraform_documents import policy_document
from policies.render.terraform_objects import TerraformObject
from policies.render.text import is_text, label, last, one_line, texts_in

_OBJECTS = {**AWS_OBJECTS, **AZURE_OBJECTS}
_ARGUMENTS = {**AWS_ARGUMENTS, **AZURE_ARGUMENTS}
_REMOVED = (
    "Terraform deletes only what is in its state: take the resource out of your "
    "source (see `terraform/edit`), or run the script"
)
_HEAD = (
    "Adopts objects that no Terraform state holds yet, and changes them.",
    "Needs Terraform 1.5 or newer. Run `terraform plan` and read it before `apply`.",
)


def terraform(steps: Sequence[Step]) -> Rendering:
    """Return both variants; the reasons are those of the *adopt* variant."""
    files: dict[str, bytes] = {}
    left_out: dict[int, str] = {}
    blocks: dict[str, list[Block]] = {}
    last_of: dict[str, str] = {}
    for step in steps:
        files |= _edit(step)
        try:
            found = _adopted(step)
        except CannotRender as error:
            left_out[step.number] = str(error)
            continue
        folder = f"terraform/adopt/{account_folder(step)}"
        before = last_of.get(folder, "")
        last_of[folder] = f"{found.type}.{_label(step)}"
        blocks.setdefault(folder, []).extend(_blocks(step, found, before))
        if found.document:
            text = pretty(step.after).encode()
            files[f"{folder}/{step.stem}.json"] = text
    for folder, listed in blocks.items():
        head = "".join(f"# {line}\n" for line in _HEAD)
        files[f"{folder}/main.tf"] = f"{head}\n{document(listed)}".encode()
    return Rendering(files, left_out)


def account_folder(step: Step) -> str:
    """Return `aws-<account>` or `azure`: what one provider configuration reaches."""
    if step.kind.startswith("azure."):
        return "azure"
    scope = step.resource.scope
    return f"aws-{scope}" if scope.isascii() and scope.isdigit() else "aws"


def _adopted(step: Step) -> TerraformObject:
    if step.kind in _ARGUMENTS:
        one = _ARGUMENTS[step.kind]
        raise CannotRender(f"it is the argument {one.name} of {one.type}")
    if step.action is Action.REMOVE:
        raise CannotRender(_REMOVED)
    _composed(step)
    return _OBJECTS[step.kind](step)


def _composed(step: Step) -> None:
    """Terraform keeps text composed (NFC), which would change any other."""
    named = (step.resource.id, step.resource.name)
    texts = (*named, *texts_in(step.after))
    if not all(map(is_text, texts)):
        raise CannotRender("it holds half a character, which Terraform cannot")
    if not all(unicodedata.is_normalized("NFC", text) for text in texts):
        raise CannotRender("Terraform would compose characters of it (NFC)")


def _label(step: Step) -> str:
    name = last(step.resource.name) or last(step.resource.id)
    return label(step.number, name)


def _blocks(step: Step, found: TerraformObject, before: str) -> Iterator[Block]:
    """Return the import and the resource, which waits for the one before it."""
    name = _label(step)
    if step.action is Action.REPLACE:
        to = Code(f"{found.type}.{name}")
        yield Block("import", (), (("to", to), ("id", found.id)))
    arguments: list[tuple[str, Value]] = list(found.arguments)
    if found.document:
        path = f'file("${{path.module}}/{step.stem}.json")'
        arguments.append((found.document, Code(path)))
    if before:
        arguments.append(("depends_on", Code(f"[{before}]")))
    blocks = list(found.blocks)
    if found.ignored and step.action is Action.REPLACE:
        kept = Code(f"[{', '.join(found.ignored)}]")
        blocks.append(Block("lifecycle", (), (("ignore_changes", kept),)))
    comments = (step.change.title,)
    yield Block("resource", (found.type, name), tuple(arguments), blocks, comments)


def _edit(step: Step) -> dict[str, bytes]:
    """Return the difference to make in a source, and the document as a data source."""
    named = step.resource.id, step.resource.name
    head = [step.change.title, _place(step), f"object: {' '.join(named).strip()}"]
    lines = [f"# {one_line(text)}" for text in head]
    lines += difference(step.change.before, step.after)
    stem = f"terraform/edit/{step.stem}"
    files = {f"{stem}.diff": "".join(f"{line}\n" for line in lines).encode()}
    if isinstance(step.after, dict) and "Statement" in step.after:
        files |= _data_source(step, stem)
    return files


def _data_source(step: Step, stem: str) -> dict[str, bytes]:
    try:
        _composed(step)
        block = policy_document(_label(step), step.after)
    except CannotRender:
        return {}  # the JSON beside the difference says the same
    return {f"{stem}.tf": document([block]).encode()}


def _place(step: Step) -> str:
    if step.kind in _ARGUMENTS:
        one = _ARGUMENTS[step.kind]
        return f"in your source: argument {one.name} of {one.type}"
    try:
        found = _OBJECTS[step.kind](step)
    except CannotRender as error:
        return f"in your source: {error}"
    argument = f", argument {found.document}" if found.document else ""
    return f"in your source: {found.type}{argument} (import id: {found.id})"
