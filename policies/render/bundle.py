"""Everything that is handed over for one remediation, as files by path."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from policies.remediation import Change
from policies.render.arm import arm
from policies.render.bicep import bicep
from policies.render.cloudformation import cloudformation
from policies.render.documents import changes_json, document_files, rollback_json
from policies.render.message import message
from policies.render.script import script
from policies.render.steps import Rendering, steps_of
from policies.render.terraform import terraform

FORMS = {
    "Terraform": terraform,
    "CloudFormation": cloudformation,
    "ARM": arm,
    "Bicep": bicep,
    "Script": script,
    "Message": message,
}


@dataclass(frozen=True, slots=True)
class Bundle:
    """The files of one remediation, and what each form does not do.

    Attributes:
        files: by path; `before/`, `after/`, `rollback/` and `changes.json` are there
            always, and are the truth.
        forms: paths by form, of the forms that have any.
        left_out: by form, the reason by number of the change that it does not do.
    """

    files: Mapping[str, bytes]
    forms: Mapping[str, tuple[str, ...]]
    left_out: Mapping[str, Mapping[int, str]]


def bundle(changes: Sequence[Change]) -> Bundle:
    """Return the files of some changes in every form that can do them."""
    steps = steps_of(changes)
    files: dict[str, bytes] = {
        **document_files(changes),
        "changes.json": changes_json(changes),
    }
    if changes:
        files["rollback/changes.json"] = rollback_json(steps)
    made: dict[str, Rendering] = {name: form(steps) for name, form in FORMS.items()}
    for one in made.values():
        files |= one.files
    forms = {name: tuple(one.files) for name, one in made.items() if one.files}
    left_out = {name: one.left_out for name, one in made.items() if one.left_out}
    return Bundle(files, forms, left_out)
