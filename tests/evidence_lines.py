"""Small functions that write evidence as scans do, for tests of the evidence room."""

import hashlib
import json
from pathlib import Path

ACCOUNT = "111122223333"
TENANT = "11111111-1111-4111-8111-111111111111"
SUBSCRIPTION = "22222222-2222-4222-8222-222222222222"
AT = "2026-11-24T04:00:00Z"


def line(op="ec2:DescribeInstances", *, page=0, last=True, at=AT, **members):
    """One evidence line of an AWS account, unless members say otherwise."""
    where = {} if "tenant" in members else {"account": ACCOUNT, "region": "eu-west-1"}
    body = {} if "error" in members else {"last": last, "result": {"Reservations": []}}
    head = {"op": op, **where, "params": {}, "page": page, "at": at}
    return {**head, **body, **members}


def azure_line(op, **members):
    """One evidence line of a subscription, unless members say otherwise."""
    where = {"tenant": TENANT, "subscription": SUBSCRIPTION}
    body = {} if "error" in members else {"result": {"value": []}}
    return line(op, **{**where, **body, **members})


def refusal(code="AccessDeniedException", status=400):
    """The body of an error line."""
    return {"code": code, "status": status, "message": "no"}


def jsonl(*lines):
    """Lines as bytes; bytes among them stay as they are."""
    return b"".join(
        one if isinstance(one, bytes) else json.dumps(one).encode() + b"\n"
        for one in lines
    )


def estate(root, files, /, **manifest):
    """Write an estate: `files` by name, and a manifest when any member is given."""
    for name, text in files.items():
        path = Path(root, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else jsonl(*text))
    if manifest:
        body = json.dumps({"format": 1, **manifest})
        Path(root, "manifest.json").write_text(body)
    return Path(root)


def sha256(path):
    """The hash that a manifest lists for a file."""
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()
