"""Directives that write pages from the program itself, so that they cannot go stale.

``rtckit-rules`` documents the rule catalogue, ``rtckit-commands`` the command line, and
``rtckit-run ARGUMENTS`` shows what a command prints.
"""

import contextlib
import io
import os
import re
import shlex
from collections.abc import Iterable
from pathlib import Path

import click
from docutils import nodes
from docutils.parsers.rst import Directive
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from rtckit.cli.lazy import LazyGroup
from rtckit.cli.main import cli, main
from rtckit.core.errors import ExitCode
from rtckit.report.text import sentence
from rtckit.rules.catalogue import FAMILIES, Rule, all_rules

__all__ = ["setup"]

ROOT = Path(__file__).resolve().parents[2]
WIDTH = 88


class RulesDirective(Directive):
    """One section a family, and in it one a rule."""

    has_content = False

    def run(self) -> list[nodes.Node]:
        """The sections."""
        written: list[nodes.Node] = []
        for family, about in FAMILIES.items():
            rules = sorted(
                (rule for rule in all_rules() if rule.family == family), key=lambda r: r.id
            )
            if not rules:
                continue
            section = _section(family.lower(), f"{family}: {about}")
            section.extend(_rule_section(rule) for rule in rules)
            written.append(section)
        return written


def _rule_section(rule: Rule) -> nodes.section:
    section = _section(rule.id.lower(), f"{rule.id}: {rule.title}")
    levels = "".join(f"; {level} in profile {name}" for name, level in rule.level_names.items())
    section += nodes.paragraph("", f"{rule.severity.capitalize()}{levels}; link: {rule.layer}.")
    section.extend(_prose(sentence(rule.why)))
    for title, example in (("Fires on", rule.fires_on), ("Silent on", rule.silent_on)):
        section += nodes.paragraph("", "", nodes.strong("", title))
        section += _literal(example)
    section += nodes.paragraph("", "", nodes.strong("", "Fix"))
    section.extend(_prose(sentence(rule.fix)))
    section += nodes.paragraph("", "References: " + "; ".join(rule.refs) + ".")
    return section


class CommandsDirective(Directive):
    """One section a command, with its help and its options."""

    has_content = False

    def run(self) -> list[nodes.Node]:
        """The sections."""
        return [
            _command_section(path, command)
            for path, command in _commands(cli, "rtckit")
            if not isinstance(command, LazyGroup)
        ]


def _commands(group: LazyGroup, path: str) -> Iterable[tuple[str, click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        yield f"{path} {name}", command
        if isinstance(command, LazyGroup):
            yield from _commands(command, f"{path} {name}")


def _command_section(path: str, command: click.Command) -> nodes.section:
    section = _section(path.replace(" ", "-"), path)
    context = click.Context(command, info_name=path, max_content_width=WIDTH)
    section += _literal(command.get_help(context), "text")
    return section


class RunDirective(SphinxDirective):
    """``rtckit ARGUMENTS`` and what it prints; the option ``expect`` names its exit code."""

    required_arguments = 1
    optional_arguments = 0
    final_argument_whitespace = True
    option_spec = {"expect": int}  # noqa: RUF012 - docutils asks for a class attribute

    def run(self) -> list[nodes.Node]:
        """The transcript."""
        line = self.arguments[0]
        code, shown = _run(shlex.split(line))
        expected = self.options.get("expect", ExitCode.CLEAN)
        if code != expected:
            raise self.error(f"rtckit {line} ended with {code}, not {expected}: {shown}")
        self.env.note_dependency(str(ROOT / "rtckit"))
        return [_literal(f"$ rtckit {line}\n{shown}", "text")]


def _run(arguments: list[str]) -> tuple[int, str]:
    out, err = io.StringIO(), io.StringIO()
    before = os.environ.copy()
    os.environ["COLUMNS"] = str(WIDTH)
    try:
        with (
            contextlib.chdir(ROOT),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
        ):
            code = main([*arguments, "--color", "never"])
    finally:
        os.environ.clear()
        os.environ.update(before)
    return code, out.getvalue() + err.getvalue()


def _section(anchor: str, title: str) -> nodes.section:
    section = nodes.section(ids=[anchor], names=[anchor])
    section += nodes.title("", "", *_inline(title))
    return section


def _prose(text: str) -> list[nodes.Node]:
    return [nodes.paragraph("", "", *_inline(block)) for block in text.split("\n\n")]


def _inline(text: str) -> list[nodes.Node]:
    """Text whose `backticked` parts are code."""
    parts = re.split(r"`([^`]+)`", text)
    return [
        nodes.literal("", part) if index % 2 else nodes.Text(part)
        for index, part in enumerate(parts)
        if part
    ]


def _literal(text: str, language: str = "text") -> nodes.literal_block:
    block = nodes.literal_block(text.rstrip(), text.rstrip())
    block["language"] = language
    return block


def setup(app: Sphinx) -> dict[str, object]:
    """Register the directives."""
    app.add_directive("rtckit-rules", RulesDirective)
    app.add_directive("rtckit-commands", CommandsDirective)
    app.add_directive("rtckit-run", RunDirective)
    return {"parallel_read_safe": False, "parallel_write_safe": True}
