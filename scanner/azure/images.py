"""Images of galleries whose new versions scale sets take by themselves."""

from scanner.azure.machine_rows import ScaleSetRow
from scanner.azure.rbac.scopes import normalized

_GALLERIES = "/providers/microsoft.compute/galleries/"


def followed(row: ScaleSetRow) -> str | None:
    """Return the image whose newest version instances get without anybody's doing."""
    said = row.properties
    policy = said.upgrade_policy.images if said and said.upgrade_policy else None
    profile = said.virtual_machine_profile if said else None
    storage = profile.storage_profile if profile else None
    image = storage.image_reference if storage else None
    if not (policy and policy.automatic and image and image.id):
        return None
    name, versioned, version = normalized(image.id).partition("/versions/")
    pinned = bool(versioned) and version != "latest"
    return name if _GALLERIES in name and not pinned else None
