"""Finding the workspace's own answer to a customer's question, in PostgreSQL's full text search.

A question is a sentence, so its words are joined by OR (AND would find nothing) and a threshold on how many of them an
entry covers keeps nonsense from finding something.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import cache
from typing import Any

from django.db import connection

from agents.knowledge.languages import CONFIGURATIONS, strip_accents
from agents.reasoning.language import detect_language
from agents.reasoning.phrasebook import LANGUAGES, book, vocabulary
from agents.reasoning.ports import Source

LONGEST_TEXT = 2000
MOST_TERMS = 24
COVERED_ENOUGH = 0.3
_WORD = re.compile("[\\w\u0900-\u0dff]+")

# A term is a word with its synonyms. Lexemes of five letters and more match as prefixes, for entries that name no
# language and so are not stemmed. A hit in the question counts one, in the answer only a half, and of a long message no
# more than four terms are expected to be met.
_SEARCH = """
WITH term AS MATERIALIZED (
    SELECT string_agg(
        quote_literal(lexeme) || CASE WHEN length(lexeme) > 4 THEN ':*' ELSE '' END, ' | '
    )::tsquery AS query
    FROM unnest(%(terms)s::text[]) WITH ORDINALITY AS given (words, place),
         unnest(%(configurations)s::text[]) AS configuration,
         unnest(tsvector_to_array(to_tsvector(configuration::regconfig, words))) AS lexeme
    GROUP BY place
),
asked AS MATERIALIZED (
    SELECT string_agg(query::text, ' | ')::tsquery AS query, least(count(*), 4) AS expected FROM term
)
SELECT id, question, answer, round(least(met / expected, 1.0), 3) AS coverage
FROM asked,
     agents_knowledgeentry AS entry,
     LATERAL (
         SELECT sum(CASE WHEN ts_filter(entry.search, '{a}') @@ term.query THEN 1.0 ELSE 0.5 END) AS met
         FROM term WHERE entry.search @@ term.query
     ) AS hits
WHERE workspace_id = %(workspace_id)s AND is_active AND entry.search @@ asked.query
  AND met / expected >= %(covered_enough)s
ORDER BY met DESC, ts_rank_cd(entry.search, asked.query, 1) DESC, id
LIMIT %(limit)s
"""


def search_knowledge(
    *, workspace_id: int, text: str, language: str | None = None, limit: int = 3
) -> tuple[Source, ...]:
    """The entries that answer `text` best, best first; `rank` is the share of the question that an entry covers."""
    languages = _languages(text, language)
    terms = _terms(text, languages)
    if not terms:
        return ()
    parameters: dict[str, Any] = {
        "terms": [" ".join(term) for term in terms],
        "configurations": _configurations(languages),
        "workspace_id": workspace_id,
        "covered_enough": COVERED_ENOUGH,
        "limit": limit,
    }
    with connection.cursor() as cursor:
        cursor.execute(_SEARCH, parameters)
        return tuple(Source(id, title, answer, float(rank)) for id, title, answer, rank in cursor.fetchall())


def _terms(text: str, languages: tuple[str, ...]) -> list[frozenset[str]]:
    """The words that carry meaning, each with its synonyms, no synonym group twice."""
    small = frozenset().union(*(vocabulary("stopwords", code) for code in languages))
    words = _words(text)
    terms = dict.fromkeys(_groups_of_phrases(" ".join(words), languages))
    for word in words:
        group = _synonyms_of(word, languages)
        if group or word not in small:
            terms[group or frozenset({word})] = None
    return list(terms)[:MOST_TERMS]


def _words(text: str) -> list[str]:
    composed = unicodedata.normalize("NFKC", text[:LONGEST_TEXT]).replace("'", " ").replace("’", " ")
    return [word for word in _WORD.findall(strip_accents(composed).casefold()) if len(word) > 1 or not word.isascii()]


def _synonyms_of(word: str, languages: tuple[str, ...]) -> frozenset[str] | None:
    return next((group for code in languages if (group := _synonyms(code).get(word))), None)


def _groups_of_phrases(words: str, languages: tuple[str, ...]) -> list[frozenset[str]]:
    """ "How much" has no word of its own that means a price."""
    return [
        group
        for code in languages
        for phrase, group in _synonyms(code).items()
        if " " in phrase and f" {phrase} " in f" {words} "
    ]


@cache
def _synonyms(language: str) -> Mapping[str, frozenset[str]]:
    groups = [frozenset(strip_accents(word) for word in group) for group in book(language).get("synonyms", ())]
    return {word: group for group in groups for word in group}


def _languages(text: str, language: str | None) -> tuple[str, ...]:
    """The language given, the one it looks like, and English; every one when a lone word tells nothing."""
    given = language.split("-")[0].lower() if language else None
    seen = detect_language(text[:LONGEST_TEXT], likely=given)
    if not (given or seen):
        return LANGUAGES
    return tuple(dict.fromkeys(code for code in (given, seen, "en") if code))


def _configurations(languages: tuple[str, ...]) -> list[str]:
    return [*(CONFIGURATIONS[code] for code in languages if code in CONFIGURATIONS), "simple"]
