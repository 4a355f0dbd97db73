"""Read Terraform files back: a parser for the structure, HCL's rules for strings."""

import re

import hcl2

_ESCAPE = re.compile(
    r"\\(?:u(?P<four>[0-9a-f]{4})|U(?P<eight>[0-9a-f]{8})|(?P<one>.))"
    r"|(?P<literal>\$\$\{|%%\{)"
)
_CHARACTERS = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\"}


def unquoted(text):
    """Return what a quoted template without interpolation means, by HCL's own rules."""
    assert text[0] == text[-1] == '"'

    def one(match):
        if match["literal"]:
            return match["literal"][1:]
        code = match["four"] or match["eight"]
        return chr(int(code, 16)) if code else _CHARACTERS[match["one"]]

    return _ESCAPE.sub(one, text[1:-1])


_TOKEN = re.compile(r'^\s*#.*$|"(?:\\.|[^"\\])*"', re.MULTILINE)


def read(text):
    """Parse a file; its strings stand aside, as the parser stumbles over some of HCL.

    It takes `$${"` for the start of an interpolation.
    """
    aside = []

    def one(match):
        if not match[0].startswith('"') or "${path.module}" in match[0]:
            return match[0]
        aside.append(unquoted(match[0]))
        return f'"s{len(aside) - 1}"'

    return parsed(hcl2.loads(_TOKEN.sub(one, text)), aside)


def parsed(value, aside):
    if isinstance(value, dict):
        return {
            parsed(k, aside): parsed(v, aside)
            for k, v in value.items()
            if k not in ("__is_block__", "__comments__")
        }
    if isinstance(value, list):
        return [parsed(one, aside) for one in value]
    found = re.fullmatch(r'"s(\d+)"', value) if isinstance(value, str) else None
    return aside[int(found[1])] if found else value


def resource_of(text):
    (typed,) = read(text)["resource"]
    ((type_, named),) = typed.items()
    ((_, body),) = named.items()
    return type_, body
