"""What a plugin's P4 writes is what it declares; claims of two plugins do not meet."""

from __future__ import annotations

from pathlib import Path

import pytest

from controller.loader import Manifest, PluginError, check_conflicts, check_writes, read_manifest

PARAMETERS = "inout headers_t hdr, inout metadata_t meta, inout standard_metadata_t std"


def plugin(root: Path, name: str, hook: str, body: str, more: str = "") -> Manifest:
    """A plugin at vrouter.from_eni whose control holds the body."""
    folder = root / name
    folder.mkdir(parents=True)
    (folder / "plugin.toml").write_text(
        f'name = "{name}"\nsummary = "a test"\n[hooks."vrouter.from_eni"]\n{hook}\n{more}\n'
    )
    (folder / f"{name}.p4").write_text(f"control {name}_from_eni({PARAMETERS}) {{\n    apply {{\n{body}\n    }}\n}}\n")
    (folder / "types.p4").write_text("")
    return read_manifest(folder)


@pytest.mark.parametrize(
    ("body", "target"),
    [
        ("        meta.flow.dst = 1;", "meta.flow.dst"),
        ("        if (meta.vpc == 1) hdr.ipv4.ttl = 0;", "hdr.ipv4.ttl"),
        ("        hdr.ipv6.setInvalid();", "hdr.ipv6"),
        ("        a_seen.read(meta.mtu, 0);", "meta.mtu"),
        ("        hash(meta.vpc, HashAlgorithm.crc16, 16w0, { meta.flow.src }, 16w1);", "meta.vpc"),
        ("        a_helper(std.egress_spec);", "std.egress_spec"),
        ("        meta.flow.src[31:0] = 7;", "meta.flow.src"),
    ],
)
def test_a_write_that_is_not_declared_is_refused_with_its_place(tmp_path: Path, body: str, target: str) -> None:
    found = plugin(tmp_path, "a", "verdict = true", body)

    with pytest.raises(PluginError, match=rf"a\.p4:3: writes {target.replace('.', '[.]')} at vrouter\.from_eni"):
        check_writes(found)


@pytest.mark.parametrize("declared", ["meta.flow", "meta.flow.dst"])
@pytest.mark.parametrize("how", ["exclusive", "shared"])
def test_a_declared_write_is_let_pass(tmp_path: Path, declared: str, how: str) -> None:
    check_writes(plugin(tmp_path, "a", f'{how} = ["{declared}"]', "        meta.flow.dst = 1;"))


@pytest.mark.parametrize(
    "body",
    [
        "        bit<8> ttl = hdr.ipv4.ttl;",
        "        if (meta.flow.dst == 1 && hdr.ipv4.isValid()) { return; }",
        "        // meta.flow.dst = 1;",
        "        a_seen.write((bit<32>)meta.src_eni, 1);",
    ],
)
def test_reading_needs_no_declaration(tmp_path: Path, body: str) -> None:
    check_writes(plugin(tmp_path, "a", "", body))


def test_a_write_in_an_action_of_a_control_of_its_own_is_found(tmp_path: Path) -> None:
    found = plugin(tmp_path, "a", "", "        helper.apply(hdr, meta, std);")
    source = found.folder / "a.p4"
    helper = f"control a_inner({PARAMETERS}) {{\n    action act() {{ meta.mtu = 1; }}\n    apply {{ act(); }}\n}}\n"
    source.write_text(helper + source.read_text().replace("    apply", "    a_inner() helper;\n    apply", 1))

    with pytest.raises(PluginError, match=r"a\.p4:2: writes meta\.mtu"):
        check_writes(found)


def test_a_drop_needs_a_verdict(tmp_path: Path) -> None:
    body = "        drop(meta, drop_reason_t.NO_ROUTE);"
    check_writes(plugin(tmp_path, "a", "verdict = true", body))

    with pytest.raises(PluginError, match=r"b\.p4:3: calls drop\(\) at vrouter\.from_eni"):
        check_writes(plugin(tmp_path, "b", "", body))


def test_mark_to_drop_is_refused_in_any_case(tmp_path: Path) -> None:
    with pytest.raises(PluginError, match=r"a\.p4:3: calls mark_to_drop"):
        check_writes(plugin(tmp_path, "a", "verdict = true", "        mark_to_drop(std);"))


def test_names_at_file_scope_begin_with_the_plugins_name(tmp_path: Path) -> None:
    found = plugin(tmp_path, "a", "", "")
    source = found.folder / "a.p4"
    source.write_text(source.read_text() + "const bit<8> LIMIT = 3;\n")

    with pytest.raises(PluginError, match=r"a\.p4:6: LIMIT is declared for all plugins to see"):
        check_writes(found)


def test_its_own_headers_are_its_own_affair(tmp_path: Path) -> None:
    more = '[headers]\nmine = "a_mine_t"'
    check_writes(plugin(tmp_path, "a", "", "        hdr.mine.setValid();\n        hdr.mine.x = 1;", more))


@pytest.mark.parametrize(("mine", "theirs"), [("meta.flow", "meta.flow.dst"), ("meta.flow.dst", "meta.flow")])
def test_a_claim_holds_for_what_is_inside(tmp_path: Path, mine: str, theirs: str) -> None:
    found = [
        plugin(tmp_path, "a", f'exclusive = ["{mine}"]', ""),
        plugin(tmp_path, "b", f'shared = ["{theirs}"]', ""),
    ]

    with pytest.raises(PluginError) as error:
        check_conflicts(found)

    assert f"{tmp_path}/a/plugin.toml:4: a and b both write meta.flow.dst at vrouter.from_eni" in str(error.value)
    assert f"{tmp_path}/b/plugin.toml:4" in str(error.value)


def test_what_all_share_is_no_conflict(tmp_path: Path) -> None:
    check_conflicts([plugin(tmp_path, name, 'shared = ["meta.mtu"]', "") for name in ("a", "b")])


def test_one_branch_of_the_parser_belongs_to_one_plugin(tmp_path: Path) -> None:
    found = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "parser.p4").write_text("")
        branch = f'[[parser]]\nafter = "udp_port"\nvalue = 4789\nparser = "{name}_p"'
        (tmp_path / name / "plugin.toml").write_text(f'name = "{name}"\nsummary = "x"\n{branch}\n')
        found.append(read_manifest(tmp_path / name))

    with pytest.raises(PluginError, match="a and b both read what follows udp_port 4789"):
        check_conflicts(found)


def test_a_plugin_that_needs_another_is_not_loaded_alone(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "plugin.toml").write_text('name = "a"\nsummary = "x"\nneeds = ["b"]\n')

    with pytest.raises(PluginError, match=r"plugin\.toml:3: a needs the plugin b"):
        check_conflicts([read_manifest(tmp_path / "a")])
