"""Regions: what is found, what is stripped, and that no malformed marker passes."""

from __future__ import annotations

import ast
import textwrap

import pytest

from gradlab.errors import GradlabError
from gradlab.regions import find_regions, strip

MASTER = textwrap.dedent(
    '''\
    """A layer."""


    class Layer:
        def forward(self, x):
            """Return y."""
            ### BEGIN SOLUTION layer-forward
            y = 2 * x
            return y
            ### END SOLUTION

        def backward(self, dout):
            scale = 2
            ### BEGIN SOLUTION layer-backward
            dx = scale * dout
            ### END SOLUTION
            return dx
    '''
)


def test_regions_know_their_lines_bodies_and_methods():
    """A region is found with the lines of its markers, what is between them, and the method around it."""
    forward, backward = find_regions(MASTER, "lib/layer.py")
    assert (forward.name, forward.first, forward.last) == ("layer-forward", 7, 10)
    assert forward.body == "        y = 2 * x\n        return y"
    assert (forward.owner, backward.owner) == ("Layer.forward", "Layer.backward")


def test_hidden_region_becomes_a_stub_that_names_everything():
    """The stub says which region, which file and which method, and keeps the indentation of the marker."""
    stripped = strip(MASTER, given={"layer-backward"}, filename="lib/layer.py")
    assert stripped == textwrap.dedent(
        '''\
        """A layer."""


        class Layer:
            def forward(self, x):
                """Return y."""
                # YOUR CODE HERE: layer-forward
                raise NotImplementedError("layer-forward is not written yet: lib/layer.py, Layer.forward")

            def backward(self, dout):
                scale = 2
                dx = scale * dout
                return dx
        '''
    )


def test_region_that_is_not_listed_is_hidden():
    """Only a region that is listed as given stays; the default gives nothing."""
    stripped = strip(MASTER, filename="lib/layer.py")
    assert "2 * x" not in stripped
    assert "scale * dout" not in stripped


def test_region_that_is_the_whole_body_leaves_a_file_that_compiles():
    """A function without docstring whose body is one region keeps a body."""
    master = "def f(x):\n    ### BEGIN SOLUTION only-body\n    return x\n    ### END SOLUTION\n"
    stripped = strip(master, filename="lib/f.py")
    assert isinstance(ast.parse(stripped).body[0], ast.FunctionDef)
    assert '"only-body is not written yet: lib/f.py, f"' in stripped


@pytest.mark.parametrize("newline", ["\r\n", "\r"], ids=["crlf", "cr"])
def test_other_line_endings_are_stripped_alike_and_become_lf(newline):
    """A master saved on another system gives the same release."""
    assert strip(MASTER.replace("\n", newline), filename="lib/layer.py") == strip(
        MASTER, filename="lib/layer.py"
    )


def test_byte_order_mark_before_a_marker_hides_nothing():
    """A mark that an editor puts first does not turn a marker into text."""
    stripped = strip("\ufeff### BEGIN SOLUTION a\nsecret = 1\n### END SOLUTION", filename="a cell")
    assert "secret" not in stripped


def test_marker_inside_a_docstring_is_a_marker():
    """Text between markers is an answer wherever the markers stand."""
    master = (
        'def f():\n    """Doc.\n    ### BEGIN SOLUTION in-doc\n    secret\n    ### END SOLUTION\n    """\n'
    )
    stripped = strip(master, filename="lib/f.py")
    assert "secret" not in stripped
    ast.parse(stripped)


def test_function_inside_a_function_is_the_owner():
    """The innermost function is named."""
    master = (
        "def outer():\n    def inner(x):\n        ### BEGIN SOLUTION deep-inside\n"
        "        return x\n        ### END SOLUTION\n    return inner\n"
    )
    assert find_regions(master, "lib/f.py")[0].owner == "outer.inner"


def test_prose_stub_replaces_prose():
    """A region of a text cell gives way to the text that is asked for."""
    cell = "Why?\n### BEGIN SOLUTION why\nBecause.\n### END SOLUTION"
    assert strip(cell, filename="a cell", text_stub="YOUR ANSWER HERE") == "Why?\nYOUR ANSWER HERE"


WRAP = "def f(x):\n{}\n    return x\n"
MALFORMED = {
    "unclosed": (
        "    ### BEGIN SOLUTION a\n    x = 1",
        r"m\.py:2: region 'a' opened at line 2 is never closed",
    ),
    "nested": (
        "    ### BEGIN SOLUTION a\n    ### BEGIN SOLUTION b\n    ### END SOLUTION\n    ### END SOLUTION",
        r"m\.py:3: region 'b' begins inside region 'a' of line 2",
    ),
    "nameless": ("    ### BEGIN SOLUTION\n    ### END SOLUTION", r"m\.py:2: this region has no name"),
    "bad name": (
        "    ### BEGIN SOLUTION My Region\n    ### END SOLUTION",
        r"got the region name 'My Region'",
    ),
    "twice": (
        "    ### BEGIN SOLUTION a\n    x = 1\n    ### END SOLUTION\n" * 2,
        r"m\.py:5: region 'a' stands at line 2 already",
    ),
    "end alone": ("    ### END SOLUTION", r"m\.py:2: END SOLUTION without a BEGIN SOLUTION"),
    "other name": (
        "    ### BEGIN SOLUTION a\n    ### END SOLUTION b",
        r"names 'b' but closes region 'a' of line 2",
    ),
    "code before": (
        "    x = 1  ### BEGIN SOLUTION a\n    ### END SOLUTION",
        r"m\.py:2: got .* looks like a marker",
    ),
    "in a string": (
        "    x = '''### BEGIN SOLUTION a\n    ### END SOLUTION'''",
        r"m\.py:2: got .* looks like a marker",
    ),
    "one sign": ("    # BEGIN SOLUTION a\n    # END SOLUTION", r"m\.py:2: got '# BEGIN SOLUTION a'"),
    "small letters": (
        "    ### begin solution a\n    ### end solution",
        r"m\.py:2: got '### begin solution a'",
    ),
    "underscore": (
        "    ### BEGIN SOLUTION a\n    x = 1\n    ### END_SOLUTION",
        r"m\.py:4: got '### END_SOLUTION'",
    ),
    "two in a line": ("    ### BEGIN SOLUTION a ### END SOLUTION", r"m\.py:2: got the region name"),
}


@pytest.mark.parametrize(("body", "message"), MALFORMED.values(), ids=MALFORMED.keys())
def test_malformed_marker_is_refused_with_file_and_line(body, message):
    """A typo in a marker stops the release instead of publishing an answer."""
    with pytest.raises(GradlabError, match=message):
        strip(WRAP.format(body), filename="m.py")


def test_region_outside_a_function_is_refused():
    """Its stub would raise while the student imports the module."""
    with pytest.raises(GradlabError, match=r"m\.py:1: region 'a' stands outside a function"):
        find_regions("### BEGIN SOLUTION a\nx = 1\n### END SOLUTION\n", "m.py")


def test_region_that_cuts_a_statement_is_refused():
    """What is left must be Python."""
    master = "def f(x):\n    return [\n    ### BEGIN SOLUTION a\n        x,\n    ### END SOLUTION\n    ]\n"
    with pytest.raises(GradlabError, match=r"m\.py:\d+: the file with its answers taken out is not Python"):
        strip(master, filename="m.py")


def test_master_that_is_not_python_is_refused():
    """The line of the mistake is named."""
    with pytest.raises(GradlabError, match=r"m\.py:4: this is not Python"):
        find_regions(
            "def f():\n    ### BEGIN SOLUTION a\n    x = 1\n    y = = 2\n    ### END SOLUTION\n", "m.py"
        )
