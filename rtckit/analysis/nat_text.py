"""Outcomes of NAT tests written down, one a line: what examples of rules are made of.

::

    m1 > S mapped=N:4000
    m1 > T mapped=N:4000
    f1 > S change=ip,port silent
    f1 > S change=port mapped=N:4000

A line is the socket, ``>``, where it was sent, and words. S and S2 are the first and the second
port of the server's address, T and T2 those of its other address, N the address outside; ports may
follow (``N:4000``). Sockets sit on 10.0.0.2 at 4000, 4001... in the order of their names' first
use. Words:

``change=ip,port`` ``padding=1500`` ``at=h2`` ``port=4000`` ``after=30``
    what the request asked for;
``mapped=`` ``plain=`` ``other=`` ``origin=`` ``from=`` ``padded=`` ``arrived=``
    what was answered; ``from`` is what was asked for, and ``other`` T2, unless said (``none``);
``back`` ``silent`` ``error=420`` ``refused=TEXT`` ``sent=4``
    that a request came back by hairpinning, or what else became of it.

A line ``tcp 443`` says that TCP connected to a port when UDP was silent.
"""

from rtckit.analysis.nat import Answer, NatBehavior, NatTest, Outcome
from rtckit.analysis.nat_judgement import judge
from rtckit.core.address import Address
from rtckit.core.errors import ParseError

__all__ = ["behavior_from_text"]

_NAMES = {
    "S": Address("203.0.113.10", 3478),
    "S2": Address("203.0.113.10", 3479),
    "T": Address("203.0.113.11", 3478),
    "T2": Address("203.0.113.11", 3479),
    "N": Address("198.51.100.7", 0),
    "L": Address("10.0.0.2", 0),
}
_REASONS = {400: "Bad Request", 401: "Unauthenticated", 420: "Unknown Attribute"}
_SILENT_AFTER = 4


def behavior_from_text(text: str) -> NatBehavior:
    """The behaviour that the lines show; ``ParseError`` with the line that cannot be read."""
    outcomes: list[Outcome] = []
    sockets: dict[str, Address] = {}
    tcp: dict[int, bool] = {}
    for number, line in enumerate(text.splitlines(), 1):
        words = line.split()
        if not words:
            continue
        try:
            if words[0] == "tcp":
                tcp[int(words[1])] = True
                continue
            outcomes.append(_outcome(words, sockets))
        except (ValueError, IndexError, KeyError) as error:
            raise ParseError(
                f"{line.strip()!r}: {error}", line=number, expected="SOCKET > DESTINATION WORD..."
            ) from error
    return judge(_NAMES["S"], outcomes, tcp)


def _outcome(words: list[str], sockets: dict[str, Address]) -> Outcome:
    name, arrow, to, *rest = words
    if arrow != ">":
        raise ValueError("no '>' behind the socket")
    said = dict(word.partition("=")[::2] for word in rest)
    change = said.get("change", "").split(",")
    local = sockets.setdefault(name, Address("10.0.0.2", 4000 + len(sockets)))
    if "local" in said:
        local = sockets[name] = _address(said["local"])
    test = NatTest(
        name,
        _address(to),
        "ip" in change,
        "port" in change,
        int(said["port"]) if "port" in said else None,
        int(said.get("padding", "0")),
        said.get("at", ""),
        float(said.get("after", "0")),
    )
    answered = "mapped" in said or "back" in said or "arrived" in said
    sent = int(said.get("sent", "1" if answered or "error" in said else str(_SILENT_AFTER)))
    if "error" in said:
        code = int(said["error"])
        return Outcome(test, local, sent, error=(code, _REASONS.get(code, "Error")))
    if "refused" in said:
        return Outcome(test, local, sent, refused=said["refused"].replace("-", " "))
    if not answered:
        if "silent" not in said:
            raise ValueError("neither an answer nor what became of it")
        return Outcome(test, local, sent)
    source = _address(said["from"]) if "from" in said else _asked_for(test)
    mapped = _address(said["mapped"]) if "mapped" in said else None
    other = said.get("other", "T2")
    answer = Answer(
        source,
        said.get("arrived", test.at or name),
        mapped,
        _address(said["plain"]) if "plain" in said else None,
        None if other == "none" or "back" in said else _address(other),
        _address(said["origin"]) if "origin" in said else None,
        int(said.get("padded", "0")),
    )
    return Outcome(test, local, sent, answer=answer)


def _asked_for(test: NatTest) -> Address:
    """Where a server that keeps RFC 5780, 6.1, answers from."""
    ip = _NAMES["T"].ip if test.change_ip else test.to.ip
    port = 3479 if test.change_port else test.to.port
    return Address(ip, port)


def _address(text: str) -> Address:
    name, colon, port = text.rpartition(":")
    if not colon:
        return _NAMES[text]
    known = _NAMES.get(name)
    return Address(known.ip if known else name.strip("[]"), int(port))
