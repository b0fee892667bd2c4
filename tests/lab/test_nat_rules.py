"""The text of NAT rule sets; what the kernel makes of them is tested in ``test_nat.py``."""

import itertools

import pytest

from rtckit.lab.nat import Behavior, Nat, parse_nat, parse_side, ruleset

EI = Behavior.ENDPOINT_INDEPENDENT
AD = Behavior.ADDRESS_DEPENDENT
APD = Behavior.ADDRESS_AND_PORT_DEPENDENT
OUTSIDE = "198.51.100.1"


def chain(text: str, name: str) -> list[str]:
    """The rules of one chain, without its first line."""
    lines = text.splitlines()
    start = lines.index(f"chain {name} {{") + 2
    return lines[start : lines.index("}", start)]


def test_port_preserving_mapping_names_no_port() -> None:
    rules = chain(ruleset(Nat(EI, APD), OUTSIDE), "outbound")
    assert f"oifname wan meta l4proto udp snat to {OUTSIDE}" in rules


@pytest.mark.parametrize(
    ("mapping", "key"), [(EI, "ip saddr . udp sport"), (AD, "ip saddr . udp sport . ip daddr")]
)
def test_mapping_is_found_again_by_what_it_is_named_for(mapping: Behavior, key: str) -> None:
    text = ruleset(Nat(mapping, APD, port_preserving=False), OUTSIDE)
    again, fresh, _ = chain(text, "outbound")
    assert again.endswith(f" : {key} map @ports")
    assert fresh.endswith(":10000-65535 fully-random")
    key = key.replace("ip saddr . udp sport", "ct original ip saddr . ct original proto-src")
    assert any(f"@ports {{ {key} : udp sport }}" in rule for rule in chain(text, "learn"))


def test_ports_in_turn_are_a_row() -> None:
    rules = chain(ruleset(Nat(APD, APD, in_turn=True), OUTSIDE), "outbound")
    entries = rules[0].partition("map { ")[2].removesuffix(" }").split(", ")
    ports = [int(entry.split(" : ")[1]) for entry in entries]
    assert ports == list(range(ports[0], ports[0] + len(ports)))
    assert max(ports) <= 65535


def test_only_independent_filters_translate_unasked_packets() -> None:
    assert chain(ruleset(Nat(EI, APD), OUTSIDE), "inbound") == []
    (rule,) = chain(ruleset(Nat(EI, AD), OUTSIDE), "inbound")
    assert "udp dport . ip saddr @permitted" in rule
    (rule,) = chain(ruleset(Nat(EI, EI), OUTSIDE), "inbound")
    assert "@permitted" not in rule


@pytest.mark.parametrize("mapping", Behavior)
@pytest.mark.parametrize("filtering", Behavior)
def test_every_nat_drops_what_is_for_the_router_itself(
    mapping: Behavior, filtering: Behavior
) -> None:
    text = ruleset(Nat(mapping, filtering), OUTSIDE)
    assert chain(text, "input")[-1] == "iifname wan drop"
    assert all("ct direction original" in rule for rule in chain(text, "learn"))


def test_without_hairpinning_the_outside_address_is_closed_to_the_inside() -> None:
    assert f"iifname lan ip daddr {OUTSIDE} drop" in ruleset(Nat(EI, EI), OUTSIDE)
    text = ruleset(Nat(EI, EI, hairpinning=True), OUTSIDE)
    assert f"iifname lan ip daddr {OUTSIDE} drop" not in text
    assert chain(text, "outbound")[0].startswith("oifname lan ct mark")


def test_blocked_udp_leaves_one_way_out() -> None:
    rules = chain(ruleset(Nat(udp_blocked=True), OUTSIDE), "forward")
    assert rules[1:] == ["iifname lan oifname wan tcp dport 443 accept"]


def test_timeout_is_that_of_what_was_learnt() -> None:
    assert ruleset(Nat(timeout_s=7), OUTSIDE).count("timeout 7s;") == 3


def test_names_of_rfc3489() -> None:
    # RFC 3489, 5: the three cones map endpoint-independently; a symmetric NAT does nothing so.
    named = {
        (mapping, filtering): Nat(mapping, filtering).rfc3489
        for mapping, filtering in itertools.product(Behavior, Behavior)
    }
    assert {pair: name for pair, name in named.items() if name} == {
        (EI, EI): "full cone",
        (EI, AD): "restricted cone",
        (EI, APD): "port restricted cone",
        (APD, APD): "symmetric",
    }
    assert Nat(udp_blocked=True).rfc3489 == "blocked"
    assert Nat(translates=False).rfc3489 == "symmetric UDP firewall"


@pytest.mark.parametrize(
    ("name", "nat"),
    [
        ("open", None),
        ("full cone", Nat(EI, EI)),
        ("restricted", Nat(EI, AD)),
        ("port-restricted", Nat(EI, APD)),
        ("symmetric", Nat(APD, APD, port_preserving=False)),
        ("udp blocked", Nat(udp_blocked=True)),
        ("firewall", Nat(translates=False)),
        ("EI/AD + hairpin + random ports", Nat(EI, AD, False, True)),
        ("apd/apd+random ports+in-turn", Nat(APD, APD, port_preserving=False, in_turn=True)),
        ("full cone+lifetime=30", Nat(EI, EI, timeout_s=30)),
    ],
)
def test_names_of_nats(name: str, nat: Nat | None) -> None:
    assert parse_nat(name) == nat


@pytest.mark.parametrize(
    "name",
    ["conical", "EI/XX", "open+hairpin", "open+in turn", "full cone+in turn", "EI/EI+magic"],
)
def test_unknown_names_are_refused_with_what_there_is(name: str) -> None:
    with pytest.raises(ValueError):
        parse_nat(name)


def test_firewall_translates_nothing() -> None:
    text = ruleset(Nat(translates=False), OUTSIDE)
    assert not any(chain(text, name) for name in ("outbound", "inbound", "learn"))
    assert "nat" not in text.partition("chain hairpin")[2]


def test_description_tells_what_sets_it_apart() -> None:
    assert Nat(EI, AD, port_preserving=False, hairpinning=True).describe() == (
        "endpoint-independent mapping, not port preserving,"
        " address-dependent filtering, hairpinning"
    )
    assert Nat(APD, APD).describe() == (
        "address-and-port-dependent mapping, address-and-port-dependent filtering"
    )


def test_names_of_rows_of_nats() -> None:
    restricted, symmetric = Nat(EI, APD), Nat(APD, APD, port_preserving=False)
    assert parse_side("open") == ()
    assert parse_side("symmetric") == (symmetric,)
    assert parse_side("port restricted behind symmetric") == (restricted, symmetric)
    assert parse_side("cgnat") == (restricted, restricted)
    assert parse_side("symmetric behind cgnat") == (symmetric, restricted)
    with pytest.raises(ValueError, match="open"):
        parse_side("symmetric behind open")
