import hashlib
import json

from hypothesis import HealthCheck, given, settings, strategies as st

from odoo.tests import BaseCase

from odoo.addons.dunning_advanced.tools import chain

TEXTS = st.text('az09 "\\\n\t\x01\x7fé東\u2028😀', max_size=20)
NAMES = st.text("abcxyz_", min_size=1, max_size=5)
CONTENTS = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)


def linked(contents):
    """Entries of a new chain."""
    texts = [chain.canonical(content) for content in contents]
    digests = [chain.digest(text) for text in texts]
    return [
        chain.Entry(*place, digest, text)
        for place, digest, text in zip(chain.links(digests), digests, texts, strict=True)
    ]


class TestChainTools(BaseCase):
    def test_canonical(self):
        for content, text in [
            ({"b": 1, "a": [True, None, "x"]}, '{"a":[true,null,"x"],"b":1}'),
            ({"name": "Ærø 東京 😀"}, '{"name":"Ærø 東京 😀"}'),
            ({"lines": 'a\nb\t"c"\\'}, '{"lines":"a\\nb\\t\\"c\\"\\\\"}'),
            ({"control": "\x01\x7f\u2028"}, '{"control":"\\u0001\x7f\u2028"}'),
            ([], "[]"),
        ]:
            with self.subTest(text):
                self.assertEqual(chain.canonical(content), text)

    def test_what_can_be_written_in_several_ways_is_refused(self):
        for content in (1.5, {"amount": 1.0}, [{"day": object()}], {"größe": 1}, {1: "x"}, b"x"):
            with self.subTest(repr(content)), self.assertRaises(TypeError):
                chain.canonical(content)

    def test_hashes_are_those_of_the_manual(self):
        """As an expert would repeat them, without our code."""
        first, second = linked([{"b": "ü", "a": 1}, {"c": []}])

        def sha(text):
            return hashlib.sha256(text.encode()).hexdigest()

        self.assertEqual(first[:2], (1, "0" * 64))
        self.assertEqual(first.hash, sha(f"{'0' * 64}:1:{sha(first.content)}"))
        self.assertEqual(second[:2], (2, first.hash))
        self.assertEqual(second.hash, sha(f"{first.hash}:2:{sha(second.content)}"))
        # of '{"a":1,"b":"ü"}', made with sha256sum
        self.assertEqual(
            first.hash, "4e2e8db94ede1dca6a14ba6ecab83fefcc36347ac0590537b65e7862d3361780"
        )

    def test_the_first_that_does_not_fit(self):
        one, two, three = entries = linked([{"n": 1}, {"n": 2}, {"n": 3}])
        other = two._replace(content='{"n":5}')
        digest = chain.digest(other.content)
        rehashed = other._replace(digest=digest, hash=chain.link(one.hash, 2, digest))
        for name, found, expected in [
            ("whole", entries, []),
            ("empty", [], []),
            ("changed", [one, other, three], [(2, "content")]),
            ("digest changed too", [one, other._replace(digest=digest), three], [(2, "hash")]),
            ("all of it changed", [one, rehashed, three], [(3, "previous")]),
            ("first deleted", [two, three], [(2, "gap")]),
            ("one deleted", [one, three], [(3, "gap")]),
            ("one deleted, renumbered", [one, three._replace(number=2)], [(2, "previous")]),
            (
                "swapped",
                [one, three._replace(number=2), two._replace(number=3)],
                [(2, "previous"), (3, "previous")],
            ),
            (
                "put in between",
                [one, one._replace(number=2), two._replace(number=3)],
                [(2, "previous"), (3, "hash")],
            ),
        ]:
            with self.subTest(name):
                told = [(entry.number, why) for entry, why in chain.breaks(found)]
                self.assertEqual(told, expected)

    def test_a_part_of_the_chain(self):
        one, two, three = linked([1, 2, 3])
        self.assertEqual(list(chain.breaks([two, three], one.number, one.hash)), [])

    @settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(st.lists(CONTENTS, min_size=1, max_size=5))
    def test_text_and_content_are_the_same(self, contents):
        entries = linked(contents)
        self.assertEqual(list(chain.breaks(entries)), [])
        for content, entry in zip(contents, entries, strict=True):
            self.assertEqual(json.loads(entry.content), content)
            self.assertEqual(chain.canonical(json.loads(entry.content)), entry.content)

    @settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(st.lists(CONTENTS, min_size=2, max_size=5), st.data())
    def test_nothing_is_changed_unseen(self, contents, data):
        """Whatever somebody does to the entries before the last, short of a new chain."""
        entries = linked(contents)
        place = data.draw(st.integers(0, len(entries) - 2))
        name = data.draw(st.sampled_from(["previous", "hash", "digest", "content"]))
        value = data.draw(TEXTS.filter(lambda text: text != getattr(entries[place], name)))
        changed = [*entries]
        changed[place] = entries[place]._replace(**{name: value})
        gone = [entry for entry in entries if entry is not entries[place]]
        swapped = [*entries]
        swapped[place : place + 2] = reversed(entries[place : place + 2])
        for found in (changed, gone, swapped):
            self.assertTrue(list(chain.breaks(found)))

    def test_difference(self):
        for frozen, now, where in [
            ({"a": 1}, {"a": 1}, None),
            ({"a": 1, "told": 2}, {"a": 1}, None),
            ({"a": 1}, {"a": 2}, "a"),
            ({"a": 1}, {"a": 1, "b": 2}, "b"),
            ({"a": {"b": [{"c": 1}, {"c": 2}]}}, {"a": {"b": [{"c": 1}, {"c": 3}]}}, "a b 2 c"),
            ({"a": [1]}, {"a": [1, 2]}, "a"),
            ({"a": None}, {"a": {"b": 1}}, "a"),
            ({}, {}, None),
            (None, {"a": 1}, ""),
        ]:
            with self.subTest(repr(now)):
                self.assertEqual(chain.difference(frozen, now), where)
