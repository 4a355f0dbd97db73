"""A request read in one go, as most are written; any other is read member by member.

Without escaped quotes a text has two for each string, so a name that is there twice
shows: fewer were read. What is odd in any way is left to `request.read_request`, which
says what is wrong with it.
"""

import json

import msgspec
from msgspec import UNSET, UnsetType

from scanner.aws.simulating.context import Entry, by_key, strings_in
from scanner.aws.simulating.request import (
    AwsRequest,
    actions_of,
    caller_of,
    derive,
    given_of,
    owner_of,
    resources_of,
)
from scanner.simulation.errors import MalformedRequest
from scanner.simulation.members import Members
from scanner.simulation.source import UNREADABLE

_ABSENT = msgspec.Raw(b"")
_quoted = json.encoder.encode_basestring_ascii


class _Plain(msgspec.Struct, forbid_unknown_fields=True):
    Id: str
    ActionNames: list[str]
    CallerArn: str
    PolicyInputList: msgspec.Raw
    ResourceArns: list[str] | UnsetType = UNSET
    ContextEntries: list[Entry] | UnsetType = UNSET
    ContextIsComplete: bool | UnsetType = UNSET
    ResourceOwner: str | UnsetType = UNSET
    PermissionsBoundaryPolicyInputList: msgspec.Raw = _ABSENT
    SessionPolicyInputList: msgspec.Raw = _ABSENT
    ServiceControlPolicyInputList: msgspec.Raw = _ABSENT
    ResourceControlPolicyInputList: msgspec.Raw = _ABSENT
    ResourcePolicy: msgspec.Raw = _ABSENT

    def documents(self) -> Members:
        """The members that hold documents, those that are there."""
        found = {
            "PolicyInputList": self.PolicyInputList,
            "PermissionsBoundaryPolicyInputList": (
                self.PermissionsBoundaryPolicyInputList
            ),
            "SessionPolicyInputList": self.SessionPolicyInputList,
            "ServiceControlPolicyInputList": self.ServiceControlPolicyInputList,
            "ResourceControlPolicyInputList": self.ResourceControlPolicyInputList,
            "ResourcePolicy": self.ResourcePolicy,
        }
        return {name: bytes(raw) for name, raw in found.items() if raw is not _ABSENT}

    def strings(self) -> int:
        """Return how many strings write down the other members, names included."""
        found = 5 + len(self.ActionNames)
        if self.ResourceArns is not UNSET:
            found += 1 + len(self.ResourceArns)
        if self.ContextEntries is not UNSET:
            found += 1 + strings_in(self.ContextEntries)
        if self.ContextIsComplete is not UNSET:
            found += 1
        if self.ResourceOwner is not UNSET:
            found += 2
        return found


_DECODER = msgspec.json.Decoder(_Plain)


def read_quickly(text: bytes) -> AwsRequest | None:
    """Read a request that is written plainly; None for any other, malformed or not."""
    try:
        read = _DECODER.decode(text)
    except UNREADABLE:
        return None
    documents = read.documents()
    inside = sum([raw.count(b'"') for raw in documents.values()])
    if text.count(b'"') != inside + 2 * (read.strings() + len(documents)):
        return None
    try:
        return _request(read, documents)
    except MalformedRequest:
        return None


def _request(read: _Plain, documents: Members) -> AwsRequest:
    facts = {} if read.ContextEntries is UNSET else by_key(read.ContextEntries)
    complete = read.ContextIsComplete is True
    caller = caller_of(read.CallerArn, facts, complete)
    derive(facts, caller)
    return AwsRequest(
        _quoted(read.Id),
        actions_of((*read.ActionNames,)),
        resources_of([] if read.ResourceArns is UNSET else read.ResourceArns),
        caller,
        facts,
        complete,
        "" if read.ResourceOwner is UNSET else owner_of(read.ResourceOwner),
        given_of(documents),
    )
