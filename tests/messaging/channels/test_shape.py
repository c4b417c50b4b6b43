"""Every kind of channel has the same parts, so that nobody outside has to ask which kind it is."""

from importlib import import_module
from pathlib import Path

import pytest

from messaging.doors.sources import Source, source_named
from messaging.transports import CHANNELS, about, capabilities_of, settings_of
from project.installation import CHECKOUT

PARTS = {
    "checks": ("ABOUT", "CAPABILITIES", "SECRET_FIELDS", "Settings"),
    "doors": ("DOORS",),
    "errors": ("reaction_for",),
    "source": ("SOURCE",),
    "transport": ("build",),
    "verify": ("verify",),
    "apply": ("apply_event",),
}
KINDS = sorted(CHANNELS)


@pytest.mark.parametrize("kind", KINDS)
def test_a_folder_has_all_parts(kind: str) -> None:
    for module, names in PARTS.items():
        part = import_module(f"{CHANNELS[kind]}.{module}")
        assert not [name for name in names if not hasattr(part, name)], module
    assert isinstance(source_named(kind), Source)


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_kind_promises_it_has(kind: str) -> None:
    can = capabilities_of(kind)
    if can.lists_received:
        assert import_module(f"{CHANNELS[kind]}.found").as_event
    if can.registers_doors:
        assert import_module(f"{CHANNELS[kind]}.verify").register_doors
    if can.account_field:
        assert can.account_field in {setting.name for setting in settings_of(kind)}


@pytest.mark.parametrize("kind", [kind for kind in KINDS if not capabilities_of(kind).is_internal])
def test_an_operator_reads_what_each_setting_is_and_how_to_connect(kind: str) -> None:
    assert about(kind).label
    assert not [setting.name for setting in settings_of(kind) if not setting.help]
    assert (Path(CHECKOUT) / "docs" / "channels" / f"{kind}.md").is_file()
