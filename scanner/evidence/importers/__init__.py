"""Build an estate from files people already have: AWS CLI, Azure CLI and REST JSON."""

from scanner.evidence.importers.answers import Options
from scanner.evidence.importers.run import (
    FileReport,
    Imported,
    ImportReport,
    import_files,
)

__all__ = ["FileReport", "ImportReport", "Imported", "Options", "import_files"]
