"""What can be wrong with one request; the others still run."""

from scanner.errors import WhocanrunError


class MalformedRequest(WhocanrunError):
    """A request that cannot be decided as it is written.

    Its text is the answer's `error`: the member and what is wrong with it, such as
    `PolicyInputList[0]: Statement[1]: Effect is neither Allow nor Deny`.
    """

    def __init__(self, member: str, reason: str) -> None:
        """Name the place in the request and what is wrong there.

        Args:
            member: path of the member (`roleAssignments[0].properties.scope`); empty
                for the request as a whole.
            reason: what is wrong, in words.
        """
        self.member = member
        super().__init__(f"{member}: {reason}" if member else reason)
