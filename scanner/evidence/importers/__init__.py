"""Build an estate from files people have: of the CLIs, REST APIs and AzureHound."""

from scanner.evidence.importers.answers import Options
from scanner.evidence.importers.run import (
    FileReport,
    Imported,
    ImportReport,
    import_files,
)

__all__ = ["FileReport", "ImportReport", "Imported", "Options", "import_files"]
