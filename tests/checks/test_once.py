"""What several checks ask of a graph is worked out once, and goes with the graph."""

import gc
import weakref

import decided as d

from checks.once import once
from scanner.graph import build_graph


class Asked:
    """Something to make that notes each time it is made."""

    def __init__(self):
        self.times = []

    def __call__(self, graph, *arguments):
        self.times.append((graph, arguments))
        return [len(self.times)]


def test_the_same_question_is_answered_once():
    make, graph = Asked(), build_graph([d.half()])

    first, again = once(graph, make, "a", 1), once(graph, make, "a", 1)

    assert first is again
    assert [(graph, ("a", 1))] == make.times


def test_other_arguments_functions_and_graphs_are_other_questions():
    """The twins of the case above, each differing by one of them."""
    make, other = Asked(), Asked()
    graph, twin = build_graph([d.half()]), build_graph([d.half()])

    found = [
        *once(graph, make, "a"),
        *once(graph, make, "b"),
        *once(graph, other, "a"),
        *once(twin, make, "a"),
    ]

    assert found == [1, 2, 1, 3]


def test_nothing_found_is_an_answer_too():
    asked, graph = [], build_graph([d.half()])

    for _ in range(2):
        assert once(graph, asked.append) is None

    assert [graph] == asked


def test_answers_go_with_their_graph():
    """A long-lived process may look at estate after estate."""
    graph = build_graph([d.half()])
    answer = weakref.ref(once(graph, lambda graph: Asked()))
    assert answer() is not None

    del graph
    gc.collect()

    assert answer() is None
