"""Rows of VMs, scale sets, their instances and Arc machines."""

from typing import Any, ClassVar

import msgspec

from scanner.azure.resource_rows import IdentityRow
from scanner.azure.rows import Id, Row

#: A machine is there, whatever else its row says.
_NAMED = frozenset({"id", "name"})


class StatusRow(Row, frozen=True, rename="camel"):
    """`PowerState/running`, or the agent's `ProvisioningState/succeeded`."""

    code: str | None = None
    display_status: str | None = None


class AgentRow(Row, frozen=True, rename="camel"):
    """The VM agent; version `Unknown` when it does not report."""

    vm_agent_version: str | None = None
    statuses: tuple[StatusRow, ...] | None = None


class ExtensionProperties(Row, frozen=True):
    """The extension's own type (`AADSSHLoginForLinux`)."""

    type: str | None = None


class ExtensionRow(Row, frozen=True):
    """A VM extension, as child resource or in the instance view."""

    type: str | None = None
    properties: ExtensionProperties | None = None


class InstanceView(Row, frozen=True, rename="camel"):
    """Run-time state; `power_state` is how Resource Graph gives it."""

    statuses: tuple[StatusRow, ...] | None = None
    vm_agent: AgentRow | None = None
    extensions: tuple[ExtensionRow, ...] | None = None
    power_state: StatusRow | None = None


class ExtendedRow(Row, frozen=True, rename="camel"):
    """Where Resource Graph keeps the instance view."""

    instance_view: InstanceView | None = None


class OsConfiguration(Row, frozen=True, rename="camel"):
    """`linuxConfiguration` or `windowsConfiguration`."""

    provision_vm_agent: bool | None = msgspec.field(
        name="provisionVMAgent", default=None
    )


class OsProfile(Row, frozen=True, rename="camel"):
    """Switches of the agent and of extensions."""

    allow_extension_operations: bool | None = None
    linux_configuration: OsConfiguration | None = None
    windows_configuration: OsConfiguration | None = None


class SetReference(Row, frozen=True):
    """The scale set that a VM belongs to (flexible orchestration)."""

    id: Id


class PackageReference(Row, frozen=True, rename="camel"):
    """An application of a gallery that is attached, by the id of its version."""

    package_reference_id: str | None = None


class ApplicationProfile(Row, frozen=True, rename="camel"):
    """The applications of galleries that are attached to a VM."""

    gallery_applications: tuple[PackageReference, ...] | None = None


class BootDiagnosticsRow(Row, frozen=True):
    """Boot diagnostics, which the serial console is reached through."""

    enabled: bool | None = None


class DiagnosticsRow(Row, frozen=True, rename="camel"):
    """`diagnosticsProfile`."""

    boot_diagnostics: BootDiagnosticsRow | None = None


class MachineProperties(Row, frozen=True, rename="camel"):
    """What a VM or scale-set instance says."""

    application_profile: ApplicationProfile | None = None
    diagnostics_profile: DiagnosticsRow | None = None
    os_profile: OsProfile | None = None
    instance_view: InstanceView | None = None
    extended: ExtendedRow | None = None
    virtual_machine_scale_set: SetReference | None = None


class MachineRow(Row, frozen=True):
    """`Microsoft.Compute/virtualMachines` and instances of scale sets."""

    kept: ClassVar[frozenset[str]] = _NAMED

    id: Id
    name: str | None = None
    location: str | None = None
    tags: dict[str, Any] | None = None
    identity: IdentityRow | None = None
    properties: MachineProperties | None = None
    resources: tuple[ExtensionRow, ...] | None = None


class ImagePolicyRow(Row, frozen=True):
    """Whether new versions of the image get to the instances by themselves."""

    automatic: bool | None = msgspec.field(
        name="enableAutomaticOSUpgrade", default=None
    )


class UpgradePolicyRow(Row, frozen=True):
    """`mode` is `Automatic`, `Rolling` or `Manual`."""

    mode: str | None = None
    images: ImagePolicyRow | None = msgspec.field(
        name="automaticOSUpgradePolicy", default=None
    )


class ImageReference(Row, frozen=True):
    """An image of a gallery, or one version of it."""

    id: str | None = None


class StorageProfile(Row, frozen=True, rename="camel"):
    """What instances are made from."""

    image_reference: ImageReference | None = None


class InstanceProfile(Row, frozen=True, rename="camel"):
    """The model of the instances of a scale set."""

    storage_profile: StorageProfile | None = None


class ScaleSetProperties(Row, frozen=True, rename="camel"):
    """What instances are made from, and how a changed model gets to them."""

    upgrade_policy: UpgradePolicyRow | None = None
    virtual_machine_profile: InstanceProfile | None = None


class ScaleSetRow(Row, frozen=True):
    """`Microsoft.Compute/virtualMachineScaleSets`."""

    kept: ClassVar[frozenset[str]] = _NAMED

    id: Id
    name: str | None = None
    location: str | None = None
    tags: dict[str, Any] | None = None
    identity: IdentityRow | None = None
    properties: ScaleSetProperties | None = None


class ListedExtension(Row, frozen=True):
    """An extension on a list of the agent; its publisher is always the handler's."""

    type: str | None = None


class AgentConfiguration(Row, frozen=True, rename="camel"):
    """What an Arc agent lets the cloud do; switches may come as text."""

    extensions_enabled: Any = None
    config_mode: str | None = None
    extensions_allow_list: tuple[ListedExtension, ...] | None = None
    extensions_block_list: tuple[ListedExtension, ...] | None = None


class ArcProperties(Row, frozen=True, rename="camel"):
    """`status` is `Connected`, `Disconnected`, `Expired` or `Error`."""

    status: str | None = None
    agent_configuration: AgentConfiguration | None = None
    agent_version: str | None = None
    os_type: str | None = None


class ArcRow(Row, frozen=True):
    """`Microsoft.HybridCompute/machines`; `kind` names the platform it is a VM of."""

    kept: ClassVar[frozenset[str]] = _NAMED

    id: Id
    kind: str | None = None
    name: str | None = None
    location: str | None = None
    tags: dict[str, Any] | None = None
    identity: IdentityRow | None = None
    properties: ArcProperties | None = None
