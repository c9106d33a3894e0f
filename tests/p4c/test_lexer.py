"""Tokens, their places, comments and line markers."""

from __future__ import annotations

import pytest

from switch.p4c.lexer import Token, tokenize
from switch.p4c.source import Diagnostics


def tokens(text: str) -> list[Token]:
    return tokenize(text, "test.p4", Diagnostics())


def kinds(text: str) -> list[str]:
    return [token.kind for token in tokens(text)][:-1]


def texts(text: str) -> list[str]:
    return [token.text for token in tokens(text)][:-1]


def test_the_longest_operator_wins():
    assert kinds("a|+|=b|+|c&&&d&&e<<=f+:g{#}...") == [
        "NAME", "|+|=", "NAME", "|+|", "NAME", "&&&", "NAME", "&&", "NAME", "<<=", "NAME", "+:", "NAME", "{#}", "...",
    ]  # fmt: skip


def test_two_greater_signs_are_two_tokens_so_that_generics_nest():
    assert kinds("a<b<c>>d") == ["NAME", "<", "NAME", "<", "NAME", ">", ">", "NAME"]


@pytest.mark.parametrize(
    "text", ["0", "10_000", "0xFF_ff", "0d12", "0o17", "0b1010", "8w255", "4s0b1111", "32w0xdead_beef"]
)
def test_numbers_are_one_token_with_width_base_and_underscores(text: str):
    assert [(t.kind, t.text) for t in tokens(text)][:-1] == [("INT", text)]


def test_a_keyword_inside_a_longer_word_is_a_name():
    assert kinds("applying apply bits bit _ _x") == ["NAME", "apply", "NAME", "bit", "_", "NAME"]


def test_places_count_from_one_and_see_through_comments_over_several_lines():
    last = tokens("a /* x\n y */ b\n  c")[2]
    assert (last.line, last.column) == (3, 3)


def test_a_line_marker_moves_the_place():
    found = tokens('a\n# 7 "other.p4"\nb\n#line 20 "test.p4"\nc')
    assert [(t.file, t.line) for t in found[:3]] == [("test.p4", 1), ("other.p4", 7), ("test.p4", 20)]


def test_strings_may_hold_escaped_quotes_and_newlines():
    found = tokens('"a\\"b\nc" x')
    assert (found[0].text, found[1].line) == ('"a\\"b\nc"', 2)


def test_an_unterminated_string_is_reported_where_it_begins():
    diagnostics = Diagnostics()
    tokenize('x\n  "abc', "test.p4", diagnostics)
    assert [str(d.span) + " " + d.message for d in diagnostics.errors] == ["test.p4:2:3 unterminated string"]


def test_an_unterminated_comment_is_reported_where_it_begins():
    diagnostics = Diagnostics()
    tokenize("x /* abc", "test.p4", diagnostics)
    assert [str(d.span) + " " + d.message for d in diagnostics.errors] == ["test.p4:1:3 unterminated comment"]


def test_a_documentation_comment_belongs_to_the_token_behind_it():
    found = tokens("/** one\n  * two */ a /* no */ b /// three\n/// four\nc")
    assert [t.doc for t in found[:3]] == ["one\ntwo", "", "three\nfour"]


def test_a_pragma_ends_with_its_line():
    assert kinds("@pragma name x\nb") == ["PRAGMA", "NAME", "NAME", "END_PRAGMA", "NAME"]


def test_a_character_that_begins_no_token_is_kept_for_the_parser_to_refuse():
    assert kinds("a $ b") == ["NAME", "BAD", "NAME"]
