"""Count for all members of a universe at once, in binary digits over bit sets."""

from scanner.grants import ones


class Counts:
    """A count for each member of a universe: adding to all costs what one does.

    The members are numbers, a set of them is an integer with their bits set.
    """

    def __init__(self) -> None:
        """Begin with zero for everybody."""
        self._digits: list[int] = []

    def add(self, members: int, times: int) -> None:
        """Count some members, given as a set, so many times."""
        for digit in ones(times):
            carry = members
            while carry:
                self._digits += [0] * (digit + 1 - len(self._digits))
                before = self._digits[digit]
                self._digits[digit], carry = before ^ carry, before & carry
                digit += 1

    def of(self, member: int) -> int:
        """Return the count of one member."""
        return sum((one >> member & 1) << n for n, one in enumerate(self._digits))

    def above(self, limit: int) -> int:
        """Return the members counted more than `limit` (from 0 on) times, as a set."""
        more, same = 0, 0
        for one in self._digits:
            same |= one
        for digit in reversed(range(max(len(self._digits), limit.bit_length()))):
            one = self._digits[digit] if digit < len(self._digits) else 0
            if limit >> digit & 1:
                same &= one
            else:
                more |= same & one
                same &= ~one
        return more

    def most(self, members: int) -> int:
        """Return the highest count of some members, given as a set."""
        found = 0
        for digit in reversed(range(len(self._digits))):
            if members & self._digits[digit]:
                members &= self._digits[digit]
                found |= 1 << digit
        return found
