"""No failure of a probe is left without a finding, and none is told by two rules that disagree."""

import pytest

from rtckit.analysis.probe import FAILURES, STEPS, probes_from_text
from rtckit.rules.catalogue import CATALOGUE, run

NAMES = {
    "icmp": ("port unreachable", "host unreachable", "communication administratively prohibited"),
    "socket": ("ENETUNREACH", "EPERM", "EINVAL", "ECONNRESET"),
    "tls": ("expired", "wrong-name", "self-signed", "version", "plain", "alpn", "closed", "chain"),
    "not-stun": ("HTTP", ""),
}
CODES = (300, 400, 401, 403, 420, 437, 438, 440, 441, 442, 443, 486, 500, 508, 599)
ORDER = list(STEPS)
WAYS = {"tls": "tls", "connect": "tcp", "not-stun": "tcp", "closed": "tcp"}
ONLY = {"dns": ("resolve",), "tls": ("tls",), "redirect-loop": ("redirect",)}
ANSWERED = ORDER[ORDER.index("binding") :]


def outcomes() -> list[tuple[str, str]]:
    """Each step with each way it can fail."""
    found = []
    for step in STEPS:
        if step in ANSWERED and step not in ("echo", "outside", "redirect"):
            found += [(step, f"{code} reason") for code in CODES]
        for kind in FAILURES:
            if step not in ONLY.get(kind, (step,)) or (step == "tls" and kind != "tls"):
                continue
            if (step == "resolve") != (kind == "dns") or (step == "redirect") != (
                kind == "redirect-loop"
            ):
                continue
            if step in ("echo", "outside") and kind != "timeout":
                continue
            if step == "route" and kind != "socket":
                continue
            for name in NAMES.get(kind, ("",)):
                if (step, name) != ("route", "ECONNRESET"):
                    found.append((step, f'{kind} "{name}"' if name else kind))
    return found


def probe(step: str, outcome: str) -> str:
    """A probe that goes well until ``step``."""
    way = WAYS.get(step) or WAYS.get(outcome.split()[0]) or "udp"
    good = [
        name
        for name in ORDER[: ORDER.index(step)]
        if name not in ("route", "redirect", "echo", "outside")
        and (way != "udp" or name not in ("connect", "tls"))
    ]
    lines = [f"turn:T over {way} user=alice", *(f"  {name} ok" for name in good)]
    return "\n".join([*lines, f"  {step} {outcome}"])


@pytest.mark.parametrize(("step", "outcome"), outcomes())
def test_every_failure_has_a_finding(step: str, outcome: str) -> None:
    if step in ("binding", "challenge") and outcome.startswith(("401", "300")):
        return  # what a challenge is for
    text = probe(step, outcome)
    found = run("probe", probes_from_text(text))
    assert found, text
    assert len({finding.rule for finding in found}) == 1, [f.message for f in found]


def test_a_probe_that_goes_well_has_none() -> None:
    lines = [f"  {name} ok" for name in STEPS if name not in ("route", "redirect")]
    facts = {
        "  echo ok": " sent=9 send_there=9 send_back=9 channel_there=9 channel_back=9",
        "  outside ok": " sent=9 inbound=9 outbound=9",
    }
    text = "turn:T over tls user=alice\n" + "\n".join(line + facts.get(line, "") for line in lines)
    assert run("probe", probes_from_text(text)) == []


def test_rules_for_probes_load_nothing_else() -> None:
    rules = CATALOGUE.rules_for("probe")
    assert len(rules) >= 34
    assert {rule.module.rpartition(".")[2].partition("_")[0] for rule in rules} <= {"probe", "nat"}
