"""A proof as JSON: `proof.json` of a bundle, from which it can be checked again.

A bundle holds, for the n-th change of a remediation, `before/<n>.json` and
`after/<n>.json` (two digits, from 01; absent where the change has none), and
`rollback/<n>.json`, which is the same as `before`: what undoing puts back. These files
are the truth; whatever else a bundle holds is made from them.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from hashlib import sha256
from typing import Any

from policies.proof.model import LimitUse, Meant, Proof
from policies.remediation import Change

Json = dict[str, Any]

FORMAT = 1


def canonical(value: Any) -> bytes:
    """Return an object as it stands in the files of a bundle: sorted, readable."""
    text = json.dumps(value, indent=2, sort_keys=True, allow_nan=False)
    return (text + "\n").encode("ascii")


def digest(content: bytes) -> str:
    """Return what names a content: `sha256:…`."""
    return f"sha256:{sha256(content).hexdigest()}"


def document_files(changes: Sequence[Change]) -> dict[str, bytes]:
    """Return what changes hold, as files by name below the bundle."""
    files = {}
    for number, change in enumerate(changes, start=1):
        for folder, content in (
            ("before", change.before),
            ("after", change.after),
            ("rollback", change.before),
        ):
            if content is not None:
                files[f"{folder}/{number:02}.json"] = canonical(content)
    return files


def change_json(number: int, change: Change) -> Json:
    """Return a change without its documents, which are files of their own.

    Args:
        number: its place in the order, from 1.
        change: the change.
    """
    resource = change.resource
    name = f"{number:02}.json"
    return {
        "kind": change.kind,
        "resource": resource and asdict(resource),
        "where": change.where,
        "title": change.title,
        "before": None if change.before is None else f"before/{name}",
        "after": None if change.after is None else f"after/{name}",
        "rollback": change.rollback,
        "affects": list(change.affects),
    }


def proof_json(
    proof: Proof, changes: Sequence[Change], finding: str, files: Mapping[str, bytes]
) -> Json:
    """Return a proof as JSON, bound to the files of its bundle.

    Args:
        proof: the proof.
        changes: the changes that it is about, in order.
        finding: fingerprint of the finding that they close.
        files: every file of the bundle but `proof.json` itself, by name below the
            bundle's folder.
    """
    return {
        "format": FORMAT,
        "remediation": proof.remediation,
        "finding": finding,
        "status": proof.status,
        "closes": proof.closes,
        "aim": proof.aim.value,
        "estate": proof.estate,
        "engine": proof.engine,
        "actions": proof.actions,
        "meant": _meant(proof.meant),
        **claims_json(proof),
        "changes": [change_json(n, one) for n, one in enumerate(changes, start=1)],
        "files": {name: digest(files[name]) for name in sorted(files)},
    }


def claims_json(proof: Proof) -> Json:
    """Return what a proof claims: the part that checking again must show again."""
    wrong = proof.counterexample
    other = proof.other_actions
    return {
        "removed": [asdict(one) for one in proof.removed],
        "narrowed": [asdict(one) for one in proof.narrowed],
        "temporary": [asdict(one) for one in proof.temporary],
        "side_effects": list(proof.side_effects),
        "hops": [asdict(one) for one in proof.hops],
        "unchanged_grants": proof.unchanged_grants,
        "unchanged_hops": proof.unchanged_hops,
        "other_actions": {
            "same": other.same,
            "different": [asdict(one) for one in other.different],
        },
        "future_actions": list(proof.future_actions),
        "unknowns": list(proof.unknowns),
        "remaining_paths": [list(one) for one in proof.remaining_paths],
        "limits": [_limit(one) for one in proof.limits],
        "order": proof.order,
        "back": proof.back,
        "counterexample": wrong and {**asdict(wrong), "says": str(wrong)},
    }


def _meant(meant: Meant) -> Json:
    loses = {
        id_: None if vectors is None else sorted(vectors)
        for id_, vectors in sorted(meant.loses.items())
    }
    return {
        "loses": loses,
        "also": sorted(meant.also),
        "gives_up": meant.gives_up,
        "side_effects": list(meant.side_effects),
        "lent": {id_: sorted(some) for id_, some in sorted(meant.lent.items())},
    }


def _limit(one: LimitUse) -> Json:
    return {**asdict(one), "fits": one.fits}
