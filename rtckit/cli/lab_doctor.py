"""``rtckit lab doctor``: what this machine can do for the laboratory, and what it lacks."""

from typing import TYPE_CHECKING, Any

import click

from rtckit.cli.lab_user import become_root_of_own
from rtckit.cli.output import Answer, Canvas, Settings, answering
from rtckit.core.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from rtckit.lab.doctor import Check

__all__ = ["doctor"]


@click.command(short_help="What this machine can do for the laboratory.")
@click.argument("needed", nargs=-1, metavar="[CAPABILITY]...")
@answering
def doctor(settings: Settings, needed: tuple[str, ...]) -> Answer:
    """What this machine can do for the laboratory.

    And what it lacks, and how to get that. Each capability is tried, not looked up. Named ones must
    be there; without names those that no laboratory is complete without (netns, nft and coturn).
    Nothing is changed on the machine; as an ordinary user, all is tried in a user namespace
    (`unshare -Ur`), as `rtckit lab up` does it.

    \b
        rtckit lab doctor
        rtckit lab doctor netns nft tayga
        rtckit lab doctor --format json

    Exit code: 0 when what is needed is there, 5 when something is missing.
    """
    from rtckit.lab.doctor import NEEDED, PURPOSES, examine, machine

    for name in needed:
        if name not in PURPOSES:
            raise UsageError(f"no capability {name!r}; there are {', '.join(PURPOSES)}")
    become_root_of_own()
    checks = examine(needed or NEEDED)
    lacking = [check for check in checks if check.needed and not check.there]
    about = machine()

    def data() -> dict[str, Any]:
        return {
            "schema": 1,
            "findings": [],
            "ready": not lacking,
            "machine": about,
            "capabilities": [check.to_dict() for check in checks],
        }

    return Answer(
        text=lambda canvas: _text(checks, about, canvas),
        data=data,
        exit_code=ExitCode.MISSING if lacking else ExitCode.CLEAN,
    )


def _text(checks: "list[Check]", about: dict[str, Any], canvas: Canvas) -> str:
    from rtckit.report.text import Paint, Styled, columns

    paint = Paint(canvas.color)
    rows: list[list[str | Styled]] = []
    for check in checks:
        mark = Styled("✓", "green")
        if not check.there:
            mark = Styled("✗", "bold red") if check.needed else Styled("-", "yellow")
        rows.append([mark, Styled(check.name, "bold"), check.purpose])
        if not check.there:
            rows.append(["", "", Styled(f"missing: {check.why}", "yellow")])
            if check.how:
                rows.append(["", "", Styled(f"get it: {check.how}", "cyan")])
    table = columns(rows, paint=paint, width=canvas.width, flexible={2})
    lacking = [check.name for check in checks if check.needed and not check.there]
    optional = [check.name for check in checks if not check.needed and not check.there]
    kernel = f"{about['system']} {about['kernel']}, as {about['user']} user"
    if lacking:
        closing = paint(f"Missing what is needed: {', '.join(lacking)}.", "bold red")
    else:
        closing = paint("Ready: try `rtckit lab up`.", "bold green")
    if optional:
        closing += f" Not there, and not needed: {', '.join(optional)}."
    return f"{paint(kernel, 'dim')}\n\n{table}\n\n{closing}"
