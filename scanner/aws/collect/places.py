"""Partitions and regions as the SDK's endpoint data knows them; nothing literal."""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any

from botocore.loaders import Loader

from scanner.aws.collect.shapes import sdk_service
from scanner.errors import UsageError


class Places:
    """Which regions and services there are in which partition."""

    def __init__(self, loader: Loader) -> None:
        """Read the SDK's endpoint file through `loader`."""
        self._partitions: list[dict[str, Any]] = loader.load_data("endpoints")[
            "partitions"
        ]
        self._loader = loader

    def regions(self, partition: str | None = None) -> tuple[str, ...]:
        """Return the regions of one partition, or of all, sorted."""
        wanted = [p for p in self._partitions if partition in (None, p["partition"])]
        return tuple(sorted(name for p in wanted for name in p["regions"]))

    def global_region(self, op: str, partition: str | None = None) -> str | None:
        """Return where a partition-wide service lives; None for regional services."""
        service = self._service(op, partition)
        endpoint = service.get("partitionEndpoint")
        if endpoint is None:
            return None
        found: str = service["endpoints"][endpoint]["credentialScope"]["region"]
        return found

    def _service(self, op: str, partition: str | None) -> dict[str, Any]:
        model = self._loader.load_service_model(sdk_service(op), "service-2")
        prefix = model["metadata"]["endpointPrefix"]
        for found in self._partitions:
            if partition in (None, found["partition"]):
                service: dict[str, Any] = found["services"].get(prefix, {})
                return service
        return {}


def check_regions(asked: Iterable[str], known: Iterable[str]) -> None:
    """Refuse region names that do not exist.

    Raises:
        UsageError: names the first unknown one and what may have been meant.
    """
    names = sorted(known)
    for name in asked:
        if name not in names:
            near = get_close_matches(name, names, n=3, cutoff=0.5)
            meant = f"did you mean {', '.join(near)}?" if near else "see --help"
            raise UsageError(f"--regions: no region is called {name!r}; {meant}")
