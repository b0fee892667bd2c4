"""An ICE event in one line of words, for people; nothing here is escaped or masked."""

from enum import StrEnum
from typing import Any

__all__ = ["Level", "say_event"]

_MOST = 300


class Level(StrEnum):
    """How much a line matters: ``bad`` and ``good`` news, what is ``new``, and the rest."""

    BAD = "bad"
    GOOD = "good"
    NEW = "new"
    PLAIN = "plain"


def say_event(event: str, pair: Any, detail: dict[str, Any]) -> tuple[str, Level]:
    """The words for an event, and how much it matters."""
    said = _SPEAKERS.get(event)
    text, level = said(detail) if said is not None else (_say_other(event, detail), Level.PLAIN)
    if pair is not None and isinstance(pair, int):
        text = f"#{pair} {text}"
    return (text if len(text) <= _MOST else text[: _MOST - 1] + "…"), level


def _word(detail: dict[str, Any], name: str) -> str:
    value = detail.get(name)
    if value is None or isinstance(value, bool | dict | list):
        return ""
    return f"{value:g}" if isinstance(value, float) else str(value)[:_MOST]


def _join(*parts: str) -> str:
    return " ".join(part for part in parts if part)


def _milliseconds(detail: dict[str, Any], name: str = "rtt") -> str:
    value = detail.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return ""
    return f"{value * 1000:.1f} ms" if name == "rtt" else f"{value:.1f} ms"


def _candidate(detail: dict[str, Any]) -> str:
    text = _word(detail, "candidate")
    if text:
        return text
    where = f"{_word(detail, 'address')}:{_word(detail, 'port')}"
    return _join(_word(detail, "type"), _word(detail, "transport"), where)


def _say_local(detail: dict[str, Any]) -> tuple[str, Level]:
    interface, server = _word(detail, "interface"), _word(detail, "server")
    return _join(
        "local candidate",
        _candidate(detail),
        f"on {interface}" if interface else "",
        f"from {server}" if server else "",
        _milliseconds(detail, "rtt_ms"),
    ), Level.NEW


def _say_remote(detail: dict[str, Any]) -> tuple[str, Level]:
    learned = "learned from a check: " if detail.get("learned") is True else ""
    return f"{learned}remote candidate {_candidate(detail)}", Level.NEW


def _say_candidate_error(detail: dict[str, Any]) -> tuple[str, Level]:
    reason = _word(detail, "reason") or _word(detail, "error")
    interface = _word(detail, "interface")
    return _join(
        f"no candidate from {_word(detail, 'server') or 'a server'}",
        f"on {interface}:" if interface else ":",
        _word(detail, "code"),
        reason,
    ).replace(" :", ":"), Level.BAD


def _say_gathering(detail: dict[str, Any]) -> tuple[str, Level]:
    interface = _word(detail, "interface")
    return _join("gathering", _word(detail, "state"), f"on {interface}" if interface else ""), (
        Level.PLAIN
    )


def _say_server(detail: dict[str, Any]) -> tuple[str, Level]:
    fine = detail.get("ok") is not False
    outcome = _milliseconds(detail, "rtt_ms") if fine else _word(detail, "error") or "failed"
    step = _word(detail, "step")
    interface = _word(detail, "interface")
    return _join(
        f"server {_word(detail, 'server')}",
        f"on {interface}" if interface else "",
        f"{step}:" if step else "",
        outcome,
    ), (Level.PLAIN if fine else Level.BAD)


def _say_pair(detail: dict[str, Any]) -> tuple[str, Level]:
    state = _word(detail, "state")
    why = _word(detail, "why")
    local, remote = _word(detail, "local"), _word(detail, "remote")
    level = {"succeeded": Level.GOOD, "failed": Level.BAD}.get(state, Level.PLAIN)
    between = f"({local} -> {remote})" if local and remote else ""
    return _join(f"{state}:" if why else state, why, between), level


def _say_sent(detail: dict[str, Any]) -> tuple[str, Level]:
    nominating = " with USE-CANDIDATE" if detail.get("use_candidate") is True else ""
    return f"check sent{nominating}", Level.PLAIN


def _say_retransmitted(detail: dict[str, Any]) -> tuple[str, Level]:
    attempt = _word(detail, "attempt")
    return _join("check sent again", f"(number {attempt})" if attempt else ""), Level.PLAIN


def _say_response(detail: dict[str, Any]) -> tuple[str, Level]:
    rtt, mapped = _milliseconds(detail), _word(detail, "mapped")
    return _join(
        "check answered", f"in {rtt}" if rtt else "", f"seen as {mapped}" if mapped else ""
    ), Level.GOOD


def _say_request(detail: dict[str, Any]) -> tuple[str, Level]:
    nominating = " with USE-CANDIDATE" if detail.get("use_candidate") is True else ""
    return f"check of the peer{nominating} from {_word(detail, 'remote')}", Level.PLAIN


def _say_error(detail: dict[str, Any]) -> tuple[str, Level]:
    what = _join(_word(detail, "code"), _word(detail, "reason"))
    if detail.get("sent") is True:
        return f"refused a check from {_word(detail, 'remote')}: {what}", Level.BAD
    return f"the peer refused a check: {what}", Level.BAD


def _say_role(detail: dict[str, Any]) -> tuple[str, Level]:
    role = "controlling" if detail.get("controlling") is True else "controlled"
    return f"role is {role}", Level.PLAIN


def _say_nominated(detail: dict[str, Any]) -> tuple[str, Level]:
    return "nominated", Level.GOOD


def _say_selected(detail: dict[str, Any]) -> tuple[str, Level]:
    local, remote = _word(detail, "local"), _word(detail, "remote")
    return _join("selected:", f"{local} -> {remote}" if local else ""), Level.GOOD


def _say_state(detail: dict[str, Any]) -> tuple[str, Level]:
    state, why = _word(detail, "state"), _word(detail, "why")
    level = {
        "connected": Level.GOOD,
        "completed": Level.GOOD,
        "failed": Level.BAD,
        "disconnected": Level.BAD,
    }.get(state, Level.PLAIN)
    return _join(f"ICE is {state}{':' if why else ''}", why), level


def _say_consent(detail: dict[str, Any]) -> tuple[str, Level]:
    if detail.get("lost") is True:
        return "the peer's consent is lost", Level.BAD
    if "asked" in detail:
        return "asked for consent", Level.PLAIN
    rtt = _milliseconds(detail)
    return _join("consent given", f"in {rtt}" if rtt else ""), Level.PLAIN


def _say_discarded(detail: dict[str, Any]) -> tuple[str, Level]:
    remote = _word(detail, "remote")
    return _join(
        "discarded a datagram", f"from {remote}" if remote else "", f"({_word(detail, 'reason')})"
    ), Level.BAD


def _say_restart(detail: dict[str, Any]) -> tuple[str, Level]:
    ufrag = _word(detail, "ufrag")
    return _join("ICE restart", f"with ufrag {ufrag}" if ufrag else ""), Level.NEW


def _say_engine(detail: dict[str, Any]) -> tuple[str, Level]:
    return _join("engine", _word(detail, "engine"), _word(detail, "note")), Level.PLAIN


def _say_description(detail: dict[str, Any]) -> tuple[str, Level]:
    if detail.get("side") == "remote":
        return "the peer's description came", Level.NEW
    return _join("the own description was given:", _word(detail, "type")), Level.NEW


def _say_finding(detail: dict[str, Any]) -> tuple[str, Level]:
    return _join(_word(detail, "rule"), _word(detail, "message")), Level.BAD


def _say_result(detail: dict[str, Any]) -> tuple[str, Level]:
    why = _word(detail, "failure") or _word(detail, "why")
    because = f"({why})" if why else ""
    if detail.get("connected") is True:
        return _join("result: connected", because), Level.GOOD
    if detail.get("connected") is False:
        return _join("result: not connected", because), Level.BAD
    return _join("result: the feed ended", because), Level.PLAIN


def _say_other(event: str, detail: dict[str, Any]) -> str:
    fields = [f"{key}={_word(detail, key)}" for key in list(detail)[:8] if _word(detail, key)]
    return _join(event[:60], *fields)


_SPEAKERS = {
    "local-candidate": _say_local,
    "remote-candidate": _say_remote,
    "candidate-error": _say_candidate_error,
    "gathering": _say_gathering,
    "server": _say_server,
    "pair": _say_pair,
    "sent": _say_sent,
    "retransmitted": _say_retransmitted,
    "response": _say_response,
    "request": _say_request,
    "error": _say_error,
    "role": _say_role,
    "nominated": _say_nominated,
    "selected": _say_selected,
    "state": _say_state,
    "consent": _say_consent,
    "discarded": _say_discarded,
    "restart": _say_restart,
    "engine": _say_engine,
    "description": _say_description,
    "finding": _say_finding,
    "result": _say_result,
}
