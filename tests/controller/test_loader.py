"""The plugin loader: manifests, order, conflicts and the glue it writes."""

from __future__ import annotations

from pathlib import Path

import pytest

from controller.loader import Manifest, PluginError, check_conflicts, discover, in_order, read_manifest, write_glue
from controller.loader.glue import reason_cells
from controller.loader.manifest import PROGRAMS


def plugin(root: Path, name: str, text: str = "", points: tuple[str, ...] = ("from_eni",)) -> Manifest:
    """A plugin folder with a control for each hook point, and its manifest."""
    folder = root / name
    folder.mkdir()
    body = text or "\n".join(f'[hooks."vrouter.{point}"]' for point in points)
    (folder / "plugin.toml").write_text(f'name = "{name}"\nsummary = "a test"\n{body}\n')
    (folder / f"{name}.p4").write_text("".join(f"control {name}_{point}() {{ }}\n" for point in points))
    return read_manifest(folder)


def test_plugins_run_in_the_order_they_wish(tmp_path: Path) -> None:
    found = [
        plugin(tmp_path, "a", '[hooks."vrouter.from_eni"]\nafter = ["b"]'),
        plugin(tmp_path, "b", '[hooks."vrouter.from_eni"]'),
        plugin(tmp_path, "c", '[hooks."vrouter.from_eni"]\nbefore = ["b"]'),
    ]

    assert [p.name for p in in_order(found, "vrouter.from_eni")] == ["c", "b", "a"]


def test_the_order_without_wishes_is_that_of_the_names(tmp_path: Path) -> None:
    found = [plugin(tmp_path, name) for name in ("z", "m", "a")]

    assert [p.name for p in in_order(found, "vrouter.from_eni")] == ["a", "m", "z"]


def test_a_circle_of_wishes_is_named(tmp_path: Path) -> None:
    found = [
        plugin(tmp_path, "a", '[hooks."vrouter.from_eni"]\nafter = ["b"]'),
        plugin(tmp_path, "b", '[hooks."vrouter.from_eni"]\nafter = ["a"]'),
    ]

    with pytest.raises(PluginError, match=r"plugin\.toml:3: at vrouter\.from_eni each waits for the next"):
        in_order(found, "vrouter.from_eni")


def test_two_plugins_that_write_one_field_are_refused_with_both_places(tmp_path: Path) -> None:
    claim = '[hooks."vrouter.from_eni"]\nexclusive = ["hdr.ipv4.src"]'
    found = [plugin(tmp_path, "a", claim), plugin(tmp_path, "b", claim)]

    with pytest.raises(PluginError) as error:
        check_conflicts(found)

    message = str(error.value)
    assert f"{tmp_path}/a/plugin.toml:4: a and b both write hdr.ipv4.src at vrouter.from_eni" in message
    assert f"{tmp_path}/b/plugin.toml:4" in message


def test_plugins_for_different_kinds_may_write_one_field(tmp_path: Path) -> None:
    claim = '[hooks."hyperplane.translate"]\nexclusive = ["hdr.ipv4.src"]\nfor_kind = '
    points = ("translate",)
    check_conflicts([plugin(tmp_path, "a", claim + '"NAT"', points), plugin(tmp_path, "b", claim + '"NLB"', points)])


def test_one_drop_reason_belongs_to_one_plugin(tmp_path: Path) -> None:
    reason = '[drop_reasons]\nNO = "no"'
    found = [plugin(tmp_path, "a", reason), plugin(tmp_path, "b", reason)]

    with pytest.raises(PluginError, match="a and b both bring a drop reason called NO"):
        check_conflicts(found)


def test_the_cell_of_a_drop_reason_stays_when_other_plugins_come(tmp_path: Path) -> None:
    one = plugin(tmp_path, "one", '[drop_reasons]\nONE = "1"')
    two = plugin(tmp_path, "two", '[drop_reasons]\nTWO = "2"')

    assert reason_cells([one, two])["ONE"] == reason_cells([one])["ONE"]
    assert 64 <= reason_cells([two])["TWO"] <= 254


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[hooks."vrouter.from_moon"]', r"plugin\.toml:3: no hook is called vrouter\.from_moon"),
        ("colour = 1", "colour: Extra inputs"),
        ("summary = 1", "plugin.toml:3"),
        ('[drop_reasons]\nlower = "x"', "drop_reasons"),
        ('metadata = "m_t"', r"need a file types\.p4"),
    ],
)
def test_a_wrong_manifest_names_the_mistake(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(PluginError, match=message):
        plugin(tmp_path, "a", text)


def test_a_hook_without_its_control_is_named(tmp_path: Path) -> None:
    with pytest.raises(PluginError, match=r"a\.p4: hook vrouter\.to_eni needs a control called a_to_eni"):
        plugin(tmp_path, "a", '[hooks."vrouter.to_eni"]')


def test_two_plugins_of_one_name_are_refused(tmp_path: Path) -> None:
    for side in ("left", "right"):
        (tmp_path / side).mkdir()
        plugin(tmp_path / side, "a")

    with pytest.raises(PluginError, match="another plugin is called a"):
        discover(tmp_path / "left", tmp_path / "right")


def test_without_plugins_the_glue_is_what_the_repository_holds(tmp_path: Path) -> None:
    source = Path(__file__).parents[2] / "p4src"
    programs = [program for program in PROGRAMS if (source / f"{program}.p4").exists()]
    for program in programs:
        write_glue(program, [], tmp_path / program)

    for file in (source / "without_plugins").glob("*.p4"):
        of_one = lines(tmp_path / programs[0] / file.name)
        of_all = [line for program in programs for line in lines(tmp_path / program / file.name)]
        assert lines(file) == (of_all if file.name == "plugin_hooks.p4" else of_one)


def lines(path: Path) -> list[str]:
    """What a P4 file says, without comments and empty lines."""
    return [line for line in path.read_text().splitlines() if line and "//" not in line]
