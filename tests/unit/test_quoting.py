"""Nothing that a person can write breaks out of its place, in bash, YAML or TOML."""

from __future__ import annotations

import subprocess
import tomllib
from collections.abc import Mapping
from typing import Any

import jinja2
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from netaddr import IPAddress, IPNetwork

from meshstrap.errors import RenderFailed
from meshstrap.rendering import quoting
from meshstrap.rendering.header import render_values
from meshstrap.rendering.yaml_text import LiteralText, is_unmistakable, yaml_document, yaml_documents, yaml_scalar

HOSTILE = (
    "",
    " ",
    "it's",
    '"',
    "\\",
    "$(id)",
    "`id`",
    "${HOME}",
    "a\nb",
    "'; id; '",
    "-n",
    "~",
    "*",
    "!x",
    "#",
    "한국어",
    "😀",
    "\x7f",
    "\x85",
    "\u2028",
    "\ufeff",
    "{{ a }}",
    "EOF\n",
    "\t",
    "1e3",
    "0o14",
    "yes",
    "y",
    "~",
    "null",
    ": ",
    "- a",
    "a: b",
    "a #b",
    "%YAML",
    "---",
    "...",
    "&a",
    "|",
)
# All that a text file may hold: the inventory is UTF-8 without NUL.
TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
FAST = settings(database=None, deadline=None, derandomize=True, max_examples=40)
KEYS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXT | st.sampled_from(HOSTILE),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)


def in_bash(program: str) -> list[str]:
    """Run a header and a printf that puts each word on a line of its own, NUL for newline."""
    done = subprocess.run(["bash", "-c", program], capture_output=True, check=True, env={"LC_ALL": "C"})
    assert done.stderr == b""
    return done.stdout.decode().split("\0")[:-1]


@FAST
@given(st.lists(TEXT | st.sampled_from(HOSTILE), min_size=1, max_size=20))
def test_any_text_comes_through_bash_equal(values: list[str]) -> None:
    lines = [f"readonly V{number}={quoting.sh(value)}" for number, value in enumerate(values)]
    words = " ".join(f'"$V{number}"' for number in range(len(values)))
    assert in_bash("\n".join([*lines, f"printf '%s\\0' {words}"])) == values


@FAST
@given(st.lists(TEXT | st.sampled_from(HOSTILE), min_size=1, max_size=20))
def test_any_list_comes_through_bash_equal(values: list[str]) -> None:
    assert in_bash(f'readonly V={quoting.sh_array(values)}\nprintf "%s\\0" "${{V[@]}}"') == values


NAMES = st.from_regex(r"X_[A-Z0-9_]{1,8}", fullmatch=True)
ANY = TEXT | st.sampled_from(HOSTILE)


@FAST
@given(
    st.dictionaries(NAMES, ANY, min_size=1, max_size=8), st.dictionaries(NAMES, st.lists(ANY, max_size=5), max_size=4)
)
def test_whatever_a_header_assigns_stays_a_value(texts: dict[str, str], lists: dict[str, list[str]]) -> None:
    """So one header of each shape is linted: what stands between its quotes is never run."""
    lists = {name: values for name, values in lists.items() if name not in texts}
    header = render_values(texts, lists)
    prints = [f'printf "%s\\0" "${name}"' for name in texts]
    prints += [f'printf "%s\\0" "${{#{name}[@]}}" "${{{name}[@]}}"' for name in lists]
    wanted = [*texts.values(), *(word for words in lists.values() for word in (str(len(words)), *words))]
    assert in_bash("\n".join([header, *prints])) == wanted


def test_an_empty_list_is_an_empty_array() -> None:
    assert in_bash(f'V={quoting.sh_array([])}; printf "%s\\0" "${{#V[@]}}"') == ["0"]


@settings(FAST, max_examples=150)
@given(TEXT | st.sampled_from(HOSTILE))
def test_any_text_comes_through_yaml_and_toml_equal(value: str) -> None:
    assert yaml.safe_load(f"v: {quoting.yaml(value)}\n") == {"v": value}
    assert tomllib.loads(f"v = {quoting.toml(value)}\n") == {"v": value}


@settings(FAST, max_examples=150)
@given(st.dictionaries(KEYS, VALUES, max_size=4))
def test_any_document_comes_through_yaml_equal(value: dict[str, Any]) -> None:
    assert yaml.safe_load(yaml_document(value)) == value


@settings(FAST, max_examples=150)
@given(TEXT | st.sampled_from(HOSTILE))
def test_any_literal_text_comes_through_yaml_equal(value: str) -> None:
    assert yaml.safe_load(yaml_document({"v": LiteralText(value), "w": "x"})) == {"v": value, "w": "x"}


@pytest.mark.parametrize(
    "text",
    [
        *(
            "1e3",
            "0o14",
            "0x1F",
            "012",
            "1_000",
            "12:30:00",
            ".5",
            "+1",
            "-1",
            "1.30",
            "2026-11-23",
            "123456.0123456789012345",
        ),
        *("y", "N", "Yes", "on", "OFF", "True", "null", "NaN", "~", "", "=", "<<", "!x", "&x", "*x", "@x", "`x", "%x"),
        *("a: b", "a:", "a #b", " a", "a ", "- a", "?", "__TAILNET_ADDRESS__", "__BOOTSTRAP_TOKEN__", "한"),
    ],
)
def test_text_that_some_reader_takes_for_something_else_is_quoted(text: str) -> None:
    assert not is_unmistakable(text)
    assert yaml_document({"v": text})[3:4] in "'\""
    assert yaml_scalar(text)[0] == '"'


@pytest.mark.parametrize(
    "text",
    ["cp1", "k8s-api.internal:6443", "10.244.0.0/16", "100.64.0.1", "/etc/x", "tag:k8s-node", "unix:///run/x.sock"],
)
def test_plain_names_stay_plain(text: str) -> None:
    assert yaml_document({"v": text}) == f"v: {text}\n"
    assert yaml_scalar(text) == text


def test_documents_are_divided() -> None:
    assert yaml_documents({"a": 1}, {"b": [True, None]}) == "a: 1\n---\nb:\n- true\n- null\n"
    assert yaml_documents() == ""


@pytest.mark.parametrize(("value", "word"), [(True, "true"), (6443, "6443"), (IPAddress("10.0.0.1"), "10.0.0.1")])
def test_numbers_flags_and_addresses_have_a_text_form(value: object, word: str) -> None:
    assert quoting.sh(value) == word
    assert quoting.sh(IPNetwork("10.0.0.0/8")) == "10.0.0.0/8"


@pytest.mark.parametrize("value", [None, 1.5, b"x", ["a"], {"a": 1}, "a\0b", object()])
def test_what_has_no_text_form_is_refused(value: object) -> None:
    with pytest.raises(TypeError):
        quoting.sh(value)


def test_a_text_is_no_array() -> None:
    with pytest.raises(TypeError, match=r"use \| sh"):
        quoting.sh_array("abc")


@pytest.mark.parametrize("name", ["a", "A-B", "1A", "", "A B", "A\nB", "A=1;id"])
def test_names_of_variables_are_checked(name: str) -> None:
    with pytest.raises(TypeError, match="not the name of a variable"):
        quoting.sh_name(name)


@pytest.mark.parametrize("text", ["", "a b", "a'b", 'a"b', "$x", "%i", "a\\b", "a\nb", "a;b", "한", "a#b", "a|b"])
def test_where_nothing_can_be_quoted_nothing_may_need_it(text: str) -> None:
    with pytest.raises(TypeError, match="would need quotes"):
        quoting.plain(text)


@pytest.mark.parametrize("text", ["", " a", "a ", "a\nb", "a\tb", "\x85", "a\u2028b"])
def test_the_rest_of_a_line_stays_on_it(text: str) -> None:
    with pytest.raises(TypeError, match="one line of visible text"):
        quoting.line(text)
    assert quoting.line("https://x/$basearch?a=b&c") == "https://x/$basearch?a=b&c"


def render(template: str, values: Mapping[str, Any]) -> str:
    environment = quoting.make_environment(jinja2.DictLoader({"templates/t": template}))
    return quoting.render_template(environment, "templates/t", values)


@pytest.mark.parametrize(
    "template", ["{{ v }}", "{{ v ~ 'x' }}", "{{ 'constant' }}", "{{ v | sh ~ v }}", "{{ [v | sh] }}"]
)
def test_a_value_without_a_filter_is_refused(template: str) -> None:
    with pytest.raises(RenderFailed, match=r"templates/t.*not quoted"):
        render(template, {"v": "x"})


@pytest.mark.parametrize("name", ["safe", "upper", "tojson", "join", "default"])
def test_jinjas_own_filters_are_gone(name: str) -> None:
    with pytest.raises(RenderFailed, match=name):
        render(f"{{{{ v | {name} }}}}", {"v": "x"})


@pytest.mark.parametrize(
    "template", ["{{ v }}", "{{ v | sh }}", "{{ w.v | sh }}", "{{ v | sh_array }}", "{% for x in v %}{% endfor %}"]
)
def test_what_is_not_defined_is_named(template: str) -> None:
    with pytest.raises(RenderFailed, match="'v'"):
        render(template, {"w": {}})


def test_a_broken_template_names_its_line() -> None:
    with pytest.raises(RenderFailed, match=r"templates/t, line 2: "):
        render("a\n{% for %}", {})


def test_a_quoted_value_passes() -> None:
    assert render("readonly V={{ v | sh }}\n", {"v": "it's"}) == "readonly V='it'\"'\"'s'\n"
