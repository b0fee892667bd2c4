"""Whatever the text, reading a scenario raises only ParseError, and what is read can be played."""

from dataclasses import replace

from rtckit.core.errors import ParseError
from rtckit.jsep.simulation import library_names, library_text, parse_scenario, simulate
from rtckit.jsep.simulation.places import find_places

_MOST_STEPS = 6

SEEDS = [
    b'title = "x"\n[[steps]]\na = "addTrack"\nkind = "audio"\n[[steps]]\na = "exchange"\n',
    b'title = "x"\nsteps = [\n{ a = "createDataChannel" }, { negotiate = true },\n{ wait = 5 } ]\n',
    b'title = "x"\n[signalling]\nloss = 0.5\n[[steps]]\nb = "offer"\n[[steps]]\nreorder = "all"\n',
    *(library_text(name).encode() for name in library_names()),
]


def check(data: bytes) -> None:
    """A scenario or a ParseError with what was expected; its first steps are played."""
    text = data.decode("latin-1")
    find_places(text)
    try:
        scenario = parse_scenario(text)
    except ParseError as error:
        if not (error.message and error.expected):
            raise AssertionError("a complaint that says nothing") from error
        return
    first = replace(scenario, steps=scenario.steps[:_MOST_STEPS])
    trace = simulate(first.between("rfc", "rfc"))
    assert len(trace.steps) >= len(first.steps)
    trace.to_dict()
