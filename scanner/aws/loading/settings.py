"""Type what an account has switched on in its regions."""

from collections.abc import Mapping

from scanner.aws.loading import node_answers as api
from scanner.aws.loading.nodes import SETTING
from scanner.aws.loading.scope import Scope

SERIAL_CONSOLE = "ec2:GetSerialConsoleAccessStatus"
_SHARING = "/ssm/documents/console/public-sharing-permission"
_OFF = "disable"


def read_serial_console(scope: Scope) -> Mapping[str, bool]:
    """Return whether the serial console of EC2 is on, by region."""
    return {
        answer.region: page.serial_console_access_enabled
        for answer in scope.read(SERIAL_CONSOLE, api.SerialConsole)
        for page in answer.pages
    }


def read_public_sharing(scope: Scope) -> Mapping[str, bool]:
    """Return whether SSM documents may be shared with everybody, by region.

    They may, unless the setting says that it is off.
    """
    return {
        answer.region: page.service_setting.setting_value.lower() != _OFF
        for answer in scope.read(SETTING, api.OneSetting)
        for page in answer.pages
        if page.service_setting.setting_id.endswith(_SHARING)
    }
