"""Guards by where they stand: found from the scopes above or below them."""

from collections.abc import Callable, Iterable, Mapping


class Posts:
    """Deny assignments, or locks, by the scope that each stands at."""

    def __init__(
        self, scopes: Mapping[int, str], above: Callable[[str], Iterable[str]]
    ) -> None:
        """Index guards.

        Args:
            scopes: number of a guard to its normalized scope.
            above: a scope to every scope that it is known to lie in, itself included.
        """
        self._above = above
        self._at: dict[str, list[int]] = {}
        self._below: dict[str, list[int]] = {}
        self._near: dict[str, frozenset[int]] = {}
        for number, scope in scopes.items():
            self._at.setdefault(scope, []).append(number)
            for one in above(scope):
                self._below.setdefault(one, []).append(number)

    def below(self, scopes: Iterable[str]) -> list[int]:
        """Return the guards at or below any of some scopes, in order."""
        return sorted({n for scope in scopes for n in self._below.get(scope, ())})

    def around(self, scopes: Iterable[str]) -> set[int]:
        """Return the guards that may guard the same targets as those at some scopes.

        They stand above or below one of them: no target lies in two other scopes.
        """
        return set().union(*map(self._around, scopes))

    def _around(self, scope: str) -> frozenset[int]:
        found = self._near.get(scope)
        if found is None:
            above = (n for one in self._above(scope) for n in self._at.get(one, ()))
            found = frozenset((*self._below.get(scope, ()), *above))
            self._near[scope] = found
        return found
