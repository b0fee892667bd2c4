"""A refusal after parsing, and the exception a page sees for it."""

INVALID_PARAMETER = "InvalidAccessError"
INVALID_STATE = "InvalidStateError"
INVALID_MODIFICATION = "InvalidModificationError"
INTERNAL = "OperationError"


class Refused(Exception):
    """The description is read, but not taken.

    Attributes:
        reason: what libwebrtc says.
        error: the name of the exception it becomes.
    """

    def __init__(self, reason: str, error: str = INVALID_PARAMETER) -> None:
        super().__init__(reason)
        self.reason = reason
        self.error = error
