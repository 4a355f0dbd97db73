"""Which VM extensions are in use: what an approval of extensions has to let pass."""

from collections.abc import Iterable, Iterator

from scanner.azure.machine_rows import MachineRow
from scanner.azure.machines import extension_types


def types_in_use(rows: Iterable[MachineRow]) -> Iterator[str]:
    """Yield the types of the extensions that machines have, where a row says them."""
    for row in rows:
        view = row.properties.instance_view if row.properties else None
        for listed in (row.resources, view.extensions if view else None):
            for found in extension_types(listed) if listed else ():
                if found:
                    yield found
