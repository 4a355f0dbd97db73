"""What docs/simulate.md shows is what the command answers."""

import json
import re
from pathlib import Path

from aws_simulations import answers

from scanner.simulation.clouds import AWS_MEMBERS, AZURE_MEMBERS

PAGE = (Path(__file__).parents[2] / "docs" / "simulate.md").read_text(encoding="utf-8")


def shown(name):
    (found,) = re.findall(rf"<!-- {name} -->\n```json\n(.*?)```", PAGE, re.DOTALL)
    return json.loads(found)


def test_the_answer_shown_is_the_one_given():
    assert answers(shown("request")) == [shown("answer")]


def test_every_member_of_a_request_is_described():
    described = set(re.findall(r"`(\w+)`", PAGE)) | set(re.findall(r'"(\w+)":', PAGE))

    assert described >= AWS_MEMBERS | AZURE_MEMBERS
