"""What an import made of each file, as a table."""

from typing import TextIO

from output.escape import terminal
from output.table import Cell, write_table
from scanner.evidence.importers import Imported, ImportReport


def write_import_table(report: ImportReport, stream: TextIO) -> None:
    """Write one row per list that was imported; refusals are told elsewhere."""
    rows = [
        [
            Cell(terminal(file.file, 4096)),
            one.op,
            one.scope,
            one.region,
            one.rows,
            _whole(one),
        ]
        for file in report.files
        for one in file.imported
    ]
    headers = ["file", "list", "scope", "region", "rows", "complete"]
    if rows:
        write_table(stream, headers, rows)


def _whole(one: Imported) -> str:
    return "yes" if one.complete else "NO: the file says that there is more"
