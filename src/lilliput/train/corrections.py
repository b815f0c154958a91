"""What a corrector of lists did to texts: counted, and shown word by word."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from lilliput.tasks.nbest import NBest, demanded
from lilliput.train.wer import changes, word_errors


@dataclass(frozen=True)
class Corrections:
    """Counts over utterances.

    Args:
        right: of the first hypotheses, how many were right.
        spoilt: of those, how many are wrong now.
        changed: texts that are not the first hypothesis.
        put_in: words that the first hypothesis did not have and that are right.
        new: of those, how many stand in no hypothesis.
    """

    right: int
    spoilt: int
    changed: int
    put_in: int
    new: int


def corrections(items: Sequence[NBest], texts: Sequence[str]) -> Corrections:
    """What the texts changed.

    Args:
        items: with references.
        texts: one for each.

    Raises:
        BadValue: LP207, an utterance without a reference.
    """
    right = spoilt = changed = put_in = new = 0
    for item, text in zip(demanded(items), texts, strict=True):
        said, first = (item.reference or "").split(), item.hypotheses[0].split()
        was_right, is_right = first == said, text.split() == said
        right, spoilt = right + was_right, spoilt + (was_right and not is_right)
        changed += text.split() != first
        offered = {word for other in item.hypotheses for word in other.split()}
        wrong = {place for i, j, k, m in changes(said, text.split()) for place in range(k, m)}
        for _, _, k, m in changes(first, text.split()):
            good = [text.split()[place] for place in range(k, m) if place not in wrong]
            put_in, new = put_in + len(good), new + sum(word not in offered for word in good)
    return Corrections(right, spoilt, changed, put_in, new)


def shown(items: Sequence[NBest], texts: Sequence[str], title: str, *, most: int = 40) -> str:
    """A page of texts that were changed: the first hypothesis, the text with its changes marked, and what was said."""
    lines: list[str] = []
    for item, text in zip(items, texts, strict=True):
        if text.split() == item.hypotheses[0].split() or len(lines) >= most:
            continue
        first, words = item.hypotheses[0].split(), text.split()
        marked = {place for _, _, k, m in changes(first, words) for place in range(k, m)}
        told = " ".join(f"<mark>{escape(word)}</mark>" if n in marked else escape(word) for n, word in enumerate(words))
        before, after = (word_errors(item.reference or "", one).errors for one in (item.hypotheses[0], text))
        kind = "better" if after < before else "worse" if after > before else "even"
        lines.append(
            f'<tr class="{kind}"><td>{escape(item.hypotheses[0])}</td><td>{told or "<i>nothing</i>"}</td>'
            f"<td>{escape(item.reference or '')}</td><td>{before} → {after}</td></tr>"
        )
    style = (
        "body{font:15px/1.5 system-ui,sans-serif;margin:2rem;max-width:80rem}table{border-collapse:collapse}"
        "td,th{text-align:left;vertical-align:top;padding:.3rem .6rem;border-bottom:1px solid #ccc}"
        "mark{background:#fde7a9}.better td:last-child{color:#14613b}.worse td:last-child{color:#a31515}"
        "@media(prefers-color-scheme:dark){body{background:#16181c;color:#e8e8e8}mark{background:#5c4a12;color:#fff}"
        ".better td:last-child{color:#7fd6a4}.worse td:last-child{color:#ff9b8f}}"
    )
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f"<style>{style}</style></head><body><h1>{escape(title)}</h1><table><thead><tr><th>first hypothesis</th>"
        f"<th>corrected</th><th>said</th><th>errors</th></tr></thead><tbody>{''.join(lines)}</tbody></table></body></html>\n"
    )
