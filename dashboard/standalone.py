"""A page that leaves as one file: for a slide, an issue or a mail.

No script, nothing fetched, light and dark, printable. The pieces are those of the dashboard's pages; here they get a
sheet around them, and their links an address.
"""

import re
from datetime import date
from html import escape, unescape
from urllib.parse import urljoin

from store import records as r

POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
"""What a browser may do with the file: draw it, with the styles that it carries."""
_STYLE = """
:root { color-scheme: light dark; --paper: #ffffff; --ink: #1c2230; --edge: rgba(140,140,150,.35); }
@media (prefers-color-scheme: dark) { :root { --paper: #11151c; --ink: #e6e9ef; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); line-height: 1.5;
  font-family: "Source Sans 3", "Source Sans Pro", system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
main { max-width: 62rem; margin: 0 auto; padding: 1.4rem 1.2rem 2rem; }
h1 { font-size: 1.45rem; margin: 0 0 .6rem; overflow-wrap: anywhere; }
h2 { font-size: 1.08rem; margin: 1.6rem 0 .3rem; break-after: avoid; }
p { margin: .4rem 0; }
a { color: inherit; }
.quiet { opacity: .72; font-size: .86rem; }
.columns { display: flex; flex-wrap: wrap; gap: 1rem; }
.columns > * { flex: 1 1 19rem; min-width: 0; }
.columns.narrow { gap: .4rem 1.2rem; }
.columns.narrow > * { flex-basis: 9rem; }
main > div { margin: .7rem 0; }
section > div { break-inside: avoid; }
.card { border: 1px solid var(--edge); border-radius: .5rem; padding: .8rem .9rem; break-inside: avoid; }
svg { display: block; width: 100%; height: auto; }
svg text { fill: var(--ink); }
footer { margin-top: 1.8rem; padding-top: .6rem; border-top: 1px solid var(--edge); overflow-wrap: anywhere; }
@media print {
  :root { --paper: #ffffff; --ink: #000000; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  main { max-width: none; padding: 0; }
}
"""


def document(title: str, body: str, base: str | None) -> bytes:
    """A whole HTML file; `title` is text, `body` the HTML of a page, `base` the address of one: where links lead."""
    page = (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="referrer" content="no-referrer">\n'
        f"<title>{escape(title)}</title>\n<style>{_STYLE}</style>\n</head>\n"
        f"<body>\n<main>\n{absolute(body, base)}\n</main>\n</body>\n</html>\n"
    )
    # Token text may hold halves of surrogate pairs, which UTF-8 cannot carry.
    return page.encode("utf-8", "replace")


def absolute(body: str, base: str | None) -> str:
    """The HTML of a page with its relative links made absolute, or taken out where the address is not known."""
    if not base:
        return re.sub(r' href="(?!https?:)[^"]*"', "", body)
    return re.sub(r'href="(?!https?:)([^"]*)"', lambda it: f'href="{escape(urljoin(base, unescape(it[1])))}"', body)


def foot(back: str, build: r.Build, today: date) -> str:
    """Where the page comes from: the way back (HTML), the store, the day."""
    return (
        f'<footer class="quiet">{back}<br>Store {escape(build.fingerprint)}, published {build.created_at:%d %b %Y} · '
        f"saved {today:%d %b %Y}</footer>"
    )
