"""The command p4vpc-p4c: flags, exit codes, files; the preprocessor; how diagnostics look."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from switch.p4c.__main__ import main
from switch.p4c.compile import compile
from switch.p4c.output import write_all
from switch.p4c.source import Diagnostics, Span
from tests.p4c.text import v1model


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A correct program, in the current directory."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "prog.p4"
    path.write_text(v1model("meta.m = hdr.h.a;"))
    return path


@pytest.fixture
def broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program with an error in line 2."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "broken.p4"
    path.write_text("#include <v1model.p4>\nconst bit<8> x = ;\n")
    return path


def files(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.rglob("*") if p.is_file())


# --- where files go ---


def test_without_o_the_json_is_named_after_the_program_here(source: Path, tmp_path: Path):
    assert main([str(source)]) == 0
    assert json.loads((tmp_path / "prog.json").read_text())["pipelines"][0]["name"] == "ingress"


def test_o_with_json_ending_names_the_file(source: Path, tmp_path: Path):
    assert main([str(source), "-o", "out/x.json"]) == 0
    assert files(tmp_path / "out") == ["x.json"]


def test_o_without_json_ending_is_a_folder(source: Path, tmp_path: Path):
    assert main([str(source), "-o", "out"]) == 0
    assert files(tmp_path / "out") == ["prog.json"]


def test_o_may_be_a_device(source: Path, tmp_path: Path):
    assert main([str(source), "-o", "/dev/null"]) == 0
    assert files(tmp_path) == ["prog.p4"]


@pytest.mark.parametrize("output", ["prog.p4", "prog.p4/x.json"])
def test_a_file_is_not_taken_for_a_folder(output: str, source: Path, capsys: pytest.CaptureFixture[str]):
    before = source.read_bytes()
    assert main([str(source), "-o", output]) == 1
    assert capsys.readouterr().err == "p4vpc-p4c: prog.p4: is no folder\n"
    assert source.read_bytes() == before


def test_what_cannot_be_written_is_named_as_the_user_named_it(source: Path, capsys: pytest.CaptureFixture[str]):
    assert main([str(source), "-o", "/proc/x.json"]) == 1
    assert capsys.readouterr().err == "p4vpc-p4c: /proc/x.json: No such file or directory\n"


def test_p4info_is_written_in_the_form_of_each_ending(source: Path, tmp_path: Path):
    assert main([str(source), "-o", "o", "--p4runtime-files", "a.txtpb,b.json,c.bin"]) == 0
    assert 'arch: "v1model"' in (tmp_path / "a.txtpb").read_text()
    assert json.loads((tmp_path / "b.json").read_text())["pkgInfo"] == {"arch": "v1model"}
    assert b"v1model" in (tmp_path / "c.bin").read_bytes()


def test_p4info_by_format_flag(source: Path, tmp_path: Path):
    assert main([str(source), "-o", "o", "--p4runtime-file", "x", "--p4runtime-format", "text"]) == 0
    assert 'arch: "v1model"' in (tmp_path / "x").read_text()


def test_the_same_program_gives_the_same_bytes(source: Path, tmp_path: Path):
    main([str(source), "-o", "1.json", "--p4runtime-files", "1.txtpb"])
    main([str(source), "-o", "2.json", "--p4runtime-files", "2.txtpb"])
    assert (tmp_path / "1.json").read_bytes() == (tmp_path / "2.json").read_bytes()
    assert (tmp_path / "1.txtpb").read_bytes() == (tmp_path / "2.txtpb").read_bytes()


def test_no_file_is_written_after_an_error(broken: Path, tmp_path: Path):
    assert main([str(broken), "-o", "out", "--p4runtime-files", "x.txtpb"]) == 1
    assert files(tmp_path) == ["broken.p4"]


def test_when_one_file_cannot_be_written_none_is(tmp_path: Path):
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError, match="directory"):
        write_all({tmp_path / "a": b"1", tmp_path / "folder": b"2"})
    assert files(tmp_path) == []


def test_a_device_is_written_to_and_not_replaced():
    write_all({Path("/dev/null"): b"x"})
    assert not Path("/dev/null").is_file()


def test_a_program_without_main_has_p4info_but_no_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    path = tmp_path / "part.p4"
    path.write_text("const bit<8> x = 1;\n")
    assert main([str(path), "-o", str(tmp_path)]) == 1
    assert "has no main, so a switch cannot run it" in capsys.readouterr().err
    assert files(tmp_path) == ["part.p4"]


# --- flags ---


@pytest.mark.parametrize(
    ("argv", "complaint"),
    [
        (["--nonsense"], "unrecognized arguments: --nonsense"),
        ([], "no P4 source file"),
        (["a.p4", "b.p4"], "one P4 source file"),
        (["a.p4", "--target", "tofino"], "invalid choice: 'tofino'"),
        (["a.p4", "-a", "psa"], "invalid choice: 'psa'"),
        (["a.p4", "--std", "p4-14"], "P4-14 is not supported"),
        (["a.p4", "--p4runtime-files", "x.yaml"], "x.yaml: the ending must be one of"),
        (["a.p4", "-o", "x.json", "--p4runtime-files", "x.json"], "x.json is named for two different things"),
        (["a.json", "-o", "a.json"], "a.json is named for two different things"),
        (["a.p4", "-D", ""], "argument -D: expected the name of a macro"),
    ],
)
def test_a_wrong_command_line_is_refused_with_exit_code_2(
    argv: list[str], complaint: str, capsys: pytest.CaptureFixture[str]
):
    assert main(argv) == 2
    assert complaint in capsys.readouterr().err


@pytest.mark.parametrize(
    ("flag", "shown"), [("--help", "usage: p4vpc-p4c"), ("--version", "p4vpc-p4c "), ("-v", "p4vpc-p4c ")]
)
def test_help_and_version_print_and_succeed(flag: str, shown: str, capsys: pytest.CaptureFixture[str]):
    assert main([flag]) == 0
    assert shown in capsys.readouterr().out


def test_the_flags_of_p4c_scripts_are_understood(source: Path, tmp_path: Path):
    argv = [
        "--target",
        "bmv2",
        "--arch",
        "v1model",
        "--std",
        "p4-16",
        "--p4v",
        "16",
        "-g",
        "-o",
        "x.json",
        "--Wdisable",
    ]
    assert main([*argv, str(source)]) == 0
    assert files(tmp_path) == ["prog.p4", "x.json"]


def test_a_missing_file_is_said_to_be_missing(capsys: pytest.CaptureFixture[str]):
    assert main(["none.p4"]) == 1
    assert capsys.readouterr().err.startswith("p4vpc-p4c: error: none.p4: no such file\n")


@pytest.mark.parametrize(("path", "reason"), [("/", "is a directory"), ("/dev/null", "is not a regular file")])
def test_what_is_no_file_is_refused(path: str, reason: str, capsys: pytest.CaptureFixture[str]):
    assert main([path]) == 1
    assert f"{path}: {reason}" in capsys.readouterr().err


# --- preprocessor ---


def test_e_prints_the_preprocessed_text(source: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["-E", str(source)]) == 0
    assert "extern packet_in" in capsys.readouterr().out


def test_macros_are_defined_and_undefined_in_order(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    path = tmp_path / "m.p4"
    path.write_text("A B\n#ifdef C\nyes\n#else\nno\n#endif\n")
    assert main(["-E", str(path), "-DA=1", "-D", "B=two", "-DC", "-UC"]) == 0
    text = capsys.readouterr().out
    assert ("1 two" in text, "no" in text, "yes" in text) == (True, True, False)


def test_include_folders_are_searched(tmp_path: Path):
    (tmp_path / "inc").mkdir()
    (tmp_path / "inc" / "part.p4").write_text("const int part = 1;")
    path = tmp_path / "m.p4"
    path.write_text('#include "part.p4"\n')
    assert main(["--show", "ast", str(path)]) == 1
    assert main(["--show", "ast", str(path), "-I", str(tmp_path / "inc")]) == 0


def test_a_missing_include_is_an_error_at_its_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    path = tmp_path / "m.p4"
    path.write_text("\n#include <nowhere.p4>\n")
    assert main([str(path)]) == 1
    said = f"{path}:2:10: error: nowhere.p4: No such file or directory\n#include <nowhere.p4>\n         ^\n"
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("flag", ["-D=1", "-D1x", "-U1"])
def test_what_is_no_macro_name_is_an_error(flag: str, source: Path, capsys: pytest.CaptureFixture[str]):
    assert main([str(source), flag]) == 1
    assert "p4vpc-p4c: error: -D or -U: macro names must be identifiers" in capsys.readouterr().err


def test_an_error_in_an_included_file_names_that_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    (tmp_path / "part.p4").write_text("\nconst int = 1;\n")
    path = tmp_path / "m.p4"
    path.write_text('#include "part.p4"\n')
    assert main([str(path)]) == 1
    assert "part.p4:2:11: error: syntax error" in capsys.readouterr().err


def test_columns_survive_the_preprocessor(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    path = tmp_path / "m.p4"
    path.write_text("const   int\tx   =    ;\n")
    assert main([str(path)]) == 1
    assert f"{path}:1:22: error" in capsys.readouterr().err


def test_an_error_directive_is_an_error_at_its_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    path = tmp_path / "m.p4"
    path.write_text("\n#error too old\n")
    assert main([str(path)]) == 1
    assert f"{path}:2:2: error: #error too old" in capsys.readouterr().err


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_both_kinds_of_line_ends_are_read(newline: str, source: Path):
    source.write_bytes(source.read_text().replace("\n", newline).encode())
    assert main([str(source)]) == 0


@pytest.mark.parametrize("version", ["20180101", "20200408"])
def test_both_versions_of_v1model_compile(version: str, source: Path):
    assert main([str(source), f"-DV1MODEL_VERSION={version}", "--Werror"]) == 0


def test_from_v1model_20200408_on_registers_have_an_index_type(source: Path):
    source.write_text(v1model("bit<8> x; r.read(x, 9w1); meta.m = x;", "register<bit<8>, bit<9>>(4) r;"))
    assert main([str(source), "-DV1MODEL_VERSION=20200408"]) == 0
    assert main([str(source)]) == 1


def test_a_preprocessor_that_hangs_is_ended_with_its_children(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "cpp").write_text("#!/bin/sh\nsleep 60 &\nwait\n")
    (tmp_path / "bin" / "cpp").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    monkeypatch.setattr("switch.p4c.preprocess._MAX_SECONDS", 1.0)
    start = time.monotonic()

    result = compile(source)

    assert [d.message for d in result.diagnostics.errors] == ["preprocessing takes longer than 1 s"]
    assert time.monotonic() - start < 20


# --- show ---


def test_show_prints_the_tokens_of_the_file(source: Path, capsys: pytest.CaptureFixture[str]):
    assert main([str(source), "--show", "tokens"]) == 0
    assert capsys.readouterr().out.startswith("3:1\theader\theader\n3:8\tNAME\th_t\n")


@pytest.mark.parametrize(
    ("what", "shown"), [("ast", "ParserDecl name='P'"), ("ir", "state start {"), ("json", '"program"')]
)
def test_show_prints_what_a_phase_makes_and_writes_no_file(
    what: str, shown: str, source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    assert main([str(source), "--show", what]) == 0
    assert shown in capsys.readouterr().out
    assert files(tmp_path) == ["prog.p4"]


# --- diagnostics ---


def test_an_error_shows_place_line_and_caret(broken: Path, capsys: pytest.CaptureFixture[str]):
    assert main([str(broken)]) == 1
    assert capsys.readouterr().err == (
        f"{broken}:2:18: error: syntax error, unexpected ';': expected an expression\n"
        "const bit<8> x = ;\n"
        "                 ^\n"
        "1 error, nothing was written\n"
    )


def test_after_too_many_errors_it_gives_up_and_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    path = tmp_path / "m.p4"
    path.write_text("const int x = ;\n" * 9)
    assert main([str(path), "--max-errors", "3"]) == 1
    assert capsys.readouterr().err.endswith("3 errors, nothing was written; --max-errors N shows more\n")


def test_notes_point_at_other_places():
    found = Diagnostics(sources={"f": {1: "abc def", 2: "ghi"}})
    found.error(Span("f", 1, 5, 1, 8), "twice", (Span("f", 2, 1, 2, 4), "first here"))
    assert found.render() == "f:1:5: error: twice\nabc def\n    ^^^\nf:2:1: note: first here\nghi\n^^^\n"


def test_warnings_are_dropped_or_made_errors_by_kind():
    found = Diagnostics(disabled=frozenset({"unused"}), as_errors=frozenset({"deprecated"}))
    for kind in ("unused", "deprecated", "shadow"):
        found.warn(Span("f", 1, 1, 1, 2), kind, kind)
    assert [(d.severity, d.kind) for d in found.items] == [("error", "deprecated"), ("warning", "shadow")]


def test_the_same_message_at_the_same_place_is_given_once():
    found = Diagnostics()
    found.error(Span("f", 1, 1, 1, 2), "x")
    found.error(Span("f", 1, 1, 1, 2), "x")
    assert len(found.items) == 1


def test_an_internal_error_is_a_diagnostic_without_traceback(source: Path, monkeypatch: pytest.MonkeyPatch):
    def fail(*_: object) -> None:
        raise KeyError("x")

    monkeypatch.setattr("switch.p4c.parser.parse_file", fail)
    result = compile(source)
    assert [(d.severity, d.message) for d in result.diagnostics.items] == [
        ("internal", "internal error in the parser: KeyError: 'x'")
    ]
