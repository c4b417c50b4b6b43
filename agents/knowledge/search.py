"""Finding what the workspace knows about a customer's question: by its words, and by its meaning where a model of
embeddings is configured. Both lists are fused by rank (reciprocal-rank fusion); words alone work as well.

A question is a sentence, so its words are joined by OR (AND would find nothing) and a threshold on how many of them an
entry covers keeps nonsense from finding something.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import connection

from agents.knowledge import meaning
from agents.knowledge.excerpts import excerpt_for
from agents.knowledge.terms import Terms, read_terms
from agents.reasoning.ports import Source

COVERED_ENOUGH = 0.3
FUSION = 60.0
"""The usual constant of reciprocal-rank fusion: how little the first places stand out."""
CANDIDATES = 12

NUMBERED_FROM = {"entry": 0, "chunk": 1_000_000_000, "product": 2_000_000_000}
"""So that a number that is cited names one source, whichever table it stands in."""

Row = tuple[str, int, str, str, float]
"""Kind, id, title, text, rank."""

# A term is a word with its synonyms. Lexemes of five letters and more match as prefixes, for entries that name no
# language and so are not stemmed. A hit in the title counts one, in the text only a half, and of a long message no
# more than four terms are expected to be met. Entries, which a person wrote as an answer, win over passages of the
# same rank.
_TERM = """
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
"""
_HITS = """
    SELECT 'KIND' AS kind, PLACE AS place, id, TITLE AS title, TEXT AS text,
           round(least(met / expected, 1.0), 3) AS coverage, met,
           ts_rank_cd(passage.search, asked.query, 1) AS closeness
      FROM asked,
           TABLE AS passage,
           LATERAL (
               SELECT sum(CASE WHEN ts_filter(passage.search, '{a}') @@ term.query THEN 1.0 ELSE 0.5 END) AS met
               FROM term WHERE passage.search @@ term.query
           ) AS hits
     WHERE workspace_id = %(workspace_id)s AND is_active AND passage.search @@ asked.query
       AND met / expected >= %(covered_enough)s
"""
_ORDER = """
SELECT kind, id, title, text, coverage FROM hit ORDER BY met DESC, place, closeness DESC, id LIMIT %(limit)s
"""


def _hits(kind: str, place: int, table: str, title: str, text: str) -> str:
    names = {"KIND": kind, "PLACE": str(place), "TABLE": table, "TITLE": title, "TEXT": text}
    statement = _HITS
    for name, value in names.items():
        statement = statement.replace(name, value)
    return statement


_SEARCH = (
    _TERM
    + ", hit AS ("
    + _hits("entry", 0, "agents_knowledgeentry", "question", "answer")
    + " UNION ALL "
    + _hits("chunk", 1, "agents_knowledgechunk", "title", "text")
    + ")"
    + _ORDER
)
_SEARCH_PRODUCTS = _TERM + ", hit AS (" + _hits("product", 0, "crm_product", "name", "description") + ")" + _ORDER


def search_knowledge(
    *, workspace_id: int, text: str, language: str | None = None, limit: int = 3, vector: Sequence[float] | None = None
) -> tuple[Source, ...]:
    """The entries and passages that answer `text` best, best first, numbered for whoever cites them.

    `rank` is the share of the question that one covers; `vector` is the question's meaning, if it is known.
    """
    terms = read_terms(text, language)
    by_words = _by_words(_SEARCH, workspace_id, terms, CANDIDATES if vector else limit)
    by_meaning = meaning.nearest(workspace_id=workspace_id, vector=vector, limit=CANDIDATES) if vector else []
    best = fuse(by_words, by_meaning)[:limit] if by_meaning else by_words[:limit]
    return tuple(_source(row, text, language) for row in best)


def search_products_by_words(*, workspace_id: int, text: str, language: str | None = None, limit: int = 5) -> list[int]:
    """Ids of the products that `text` speaks of, best first."""
    return [row[1] for row in _by_words(_SEARCH_PRODUCTS, workspace_id, read_terms(text, language), limit)]


def fuse(*rankings: Sequence[Row]) -> list[Row]:
    """Reciprocal-rank fusion: a row gains from each list by its place there. Entries win ties."""
    scores: dict[tuple[str, int], float] = {}
    rows: dict[tuple[str, int], Row] = {}
    for ranking in rankings:
        for place, row in enumerate(ranking, 1):
            key = row[:2]
            rows.setdefault(key, row)
            scores[key] = scores.get(key, 0.0) + 1.0 / (FUSION + place)
    return sorted(rows.values(), key=lambda row: (-scores[row[:2]], row[0] != "entry", row[1]))


def _by_words(statement: str, workspace_id: int, terms: Terms, limit: int) -> list[Row]:
    if not terms.groups:
        return []
    parameters: dict[str, Any] = {
        "terms": [" ".join(group) for group in terms.groups],
        "configurations": list(terms.configurations),
        "workspace_id": workspace_id,
        "covered_enough": COVERED_ENOUGH,
        "limit": limit,
    }
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return [(kind, id, title, text, float(rank)) for kind, id, title, text, rank in cursor.fetchall()]


def _source(row: Row, text: str, language: str | None) -> Source:
    kind, id, title, words, rank = row
    excerpt = excerpt_for(words, asked=text, language=language) if kind == "chunk" else ""
    return Source(NUMBERED_FROM[kind] + id, title, words, rank, ref=f"{kind}:{id}", excerpt=excerpt)
