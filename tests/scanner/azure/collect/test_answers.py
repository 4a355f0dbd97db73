"""A page counts only if it is one; a link is followed only to where a token may go."""

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.azure.collect.answers import object_of, page_of, trusted
from scanner.azure.collect.faults import Fault

ARM = "https://management.azure.com"
LOCAL = "http://127.0.0.1:8080"


@pytest.mark.parametrize(
    ("body", "rows", "following"),
    [
        ({"value": []}, 0, None),
        ({"value": [{"id": "a"}]}, 1, None),
        ({"value": [{}], "nextLink": None}, 1, None),
        ({"value": [{}], "nextLink": ""}, 1, None),
        ({"value": [], "nextLink": f"{ARM}/x"}, 0, f"{ARM}/x"),
        ({"value": [], "@odata.nextLink": f"{ARM}/x"}, 0, f"{ARM}/x"),
        ({"value": [], "NextLink": f"{ARM}/x"}, 0, f"{ARM}/x"),
    ],
)
def test_a_page_is_a_list_of_objects_with_or_without_a_next_one(body, rows, following):
    """A link in other letter case is a link: the list is longer than this page."""
    page = page_of(json.dumps(body).encode())

    assert (rows, following) == (len(page.rows), page.following)
    assert body == page.body


def test_a_byte_order_mark_is_no_fault():
    """Some gateways put one in front."""
    assert page_of(b'\xef\xbb\xbf{"value": []}').rows == []


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"null",
        b"[]",
        b'"value"',
        b"{}",
        b'{"value": null}',
        b'{"value": {}}',
        b'{"value": "[]"}',
        b'{"Value": []}',
        b'{"values": []}',
        b'{"value": [null]}',
        b'{"value": [[]]}',
        b'{"value": ["id"]}',
        b'{"value": [{"id": 1}',
        b'{"value": []} trailing',
        b'{"value": [NaN]}',
        b'{"value": [], "nextLink": 5}',
        b'{"value": [], "nextLink": "/a", "@odata.nextLink": "/b"}',
        b"<html>Sign in</html>",
        b'{"value": ["\xff"]}',
        '{"value": []}'.encode("utf-16"),
        b'{"value": ' + b"[" * 100_000,
    ],
    ids=range(22),
)
def test_anything_else_is_malformed(text):
    """The SDK reads most of these as an empty list."""
    with pytest.raises(Fault) as caught:
        page_of(text)

    assert caught.value.body.code == "MalformedAnswer"


@given(st.binary(max_size=200))
def test_no_body_breaks_the_reader(text):
    """Only an object comes out, or the one exception."""
    with suppress(Fault):
        assert isinstance(object_of(text), dict)


@pytest.mark.parametrize(
    ("link", "endpoint", "expected"),
    [
        (f"{ARM}/x?$skiptoken=1", ARM, f"{ARM}/x?$skiptoken=1"),
        ("https://management.azure.com:443/x", ARM, f"{ARM}:443/x"),
        ("https://MANAGEMENT.azure.com/x", ARM, "https://MANAGEMENT.azure.com/x"),
        (
            "https://eu.management.azure.com/x",
            ARM,
            "https://eu.management.azure.com/x",
        ),
        ("/x?page=2", ARM, f"{ARM}/x?page=2"),
        (f"{ARM}/x?$filter=a eq 1", ARM, f"{ARM}/x?$filter=a%20eq%201"),
        (f"{LOCAL}/x", LOCAL, f"{LOCAL}/x"),
        ("http://management.azure.com/x", ARM, None),
        ("https://management.azure.com.evil.example/x", ARM, None),
        ("https://evilmanagement.azure.com/x", ARM, None),
        ("https://azure.com/x", ARM, None),
        ("https://management.azure.com@evil.example/x", ARM, None),
        ("https://evil@management.azure.com/x", ARM, None),
        ("https://evil.example\\@management.azure.com/x", ARM, None),
        ("https://management.azure.com:8443/x", ARM, None),
        ("https://management.azure.com:x/", ARM, None),
        ("//evil.example/x", ARM, None),
        ("https://evil.example/\tx", ARM, None),
        ("ht\ntps://evil.example/x", ARM, None),
        ("https://[::1", ARM, None),
        ("file:///etc/passwd", ARM, None),
        ("javascript:alert(1)", ARM, None),
        ("http://127.0.0.1:8081/x", LOCAL, None),
        ("https://127.0.0.1:8080/x", LOCAL, None),
        ("http://127.0.0.2:8080/x", LOCAL, None),
    ],
)
def test_a_link_stays_with_the_host_that_was_configured(link, endpoint, expected):
    """Same scheme, same port, the host or a subdomain of it; nobody else."""
    if expected is not None:
        assert expected == trusted(link, endpoint)
        return
    with pytest.raises(Fault) as caught:
        trusted(link, endpoint)
    assert caught.value.body.code == "ForeignNextLink"


@given(st.text(max_size=60))
def test_no_link_breaks_the_judge(link):
    """A link is text from the network; it is followed here, or refused."""
    with suppress(Fault):
        assert trusted(link, ARM).lower().startswith(ARM)
