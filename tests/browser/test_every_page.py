"""Every page, on a store whose every text is hostile: nothing acts, axe finds nothing serious, nothing is cut off.

axe-core is the script that the package axe-playwright-python ships. Each page is opened once: on a desk in light, then on
a phone in the dark.
"""

from collections.abc import Iterator
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, BrowserContext, expect

from dashboard import links
from tests import hostile
from tests.browser.looks import serious, settled, wide
from tests.serving import serving

A, B, C = hostile.A, hostile.B, hostile.C
SHOW = "show=rare,dense,special,position,token,single_token,stop_token,not_mutual,hub,chance,thin"
PHONE, DESK = {"width": 390, "height": 844}, {"width": 1280, "height": 900}
K = {name: hostile.place(name) for name in hostile.TEXTS}
STATES = {
    "overview": "/",
    "pairs": f"/pairs?{SHOW}&r=-1",
    "pairs 2": f"/pairs?{SHOW}&r=-1&page=2&comparison={A}~{C}",
    "no pair": "/pairs?r=1",
    "unmatched": f"/unmatched?below=1&comparison={A}~{C}",
    "scores": f"/scores?comparison={A}~{B}&metric=rsa",
    "no score": f"/scores?comparison={A}~{C}&metric=rsa&table=all",
    "maps": f"/maps?comparison={A}~{B}&region=a:-1,-1,9,9",
    "pair": f"/pair?a={A}:{K['script']}&b={B}:{K['script']}",
    "long pair": f"/pair?a={A}:{K['long']}&b={C}:{K['long']}",
    "turned pair": f"/pair?a={A}:{K['override']}&b={C}:{K['hebrew']}",
    "stacked pair": f"/pair?a={A}:{K['accents']}&b={C}:{K['accents']}",
    "pair by hand": "/pair",
    "feature": f"/feature?f={A}:{K['image']}",
    "feature by hand": "/feature",
    "neighbourhood": f"/neighbourhood?comparison={A}~{B}&a={A}:{K['svg']}",
    "families": "/families",
    "family": f"/families?family={A}:{K['image']}",
    "concepts": "/concepts",
    "concept": "/concepts?concept=hostile",
    "search": f"/concepts?q={quote(hostile.TEXTS['image'])}",
    "sql": f"/sql?q={quote('SELECT * FROM features')}",
    "refused sql": f"/sql?q={quote(hostile.TEXTS['script'])}",
    "glossary": "/glossary",
    "reading list": f"/list?pairs={A}:0~{B}:0,{A}:{K['long']}~{B}:{K['long']},{A}:9~{C}:1"
    f"&title={quote(hostile.TEXTS['override'])}",
    "empty list": "/list",
    "old link": "/?store=00000000",
    "wrong link": f"/pair?a={quote(hostile.TEXTS['script'])}&b=x",
}
LIKE_ANOTHER = {
    *("pairs 2", "no pair", "no score", "long pair", "turned pair", "stacked pair", "pair by hand", "feature by hand"),
    *("refused sql", "empty list", "old link", "wrong link"),
}
"""States with no look of their own: axe need not see them in the dark as well."""
SMUGGLED = "img,script,iframe,form,object,embed,video,style,link,meta,template,svg"
ELSEWHERE = """links => links.map(one => one.href).filter(href => {
  const url = new URL(href, location.href);
  return url.origin !== location.origin && url.hostname !== 'neuronpedia.org';
})"""


@pytest.fixture(scope="module")
def server(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a dashboard on the hostile store."""
    folder = hostile.write(tmp_path_factory.mktemp("hostile") / "store")
    with serving(folder, folder.parent / "log") as address:
        yield address


@pytest.mark.parametrize("state", STATES)
def test_a_page_is_safe_accessible_and_fits(visitor: BrowserContext, server: str, state: str) -> None:
    page = visitor.new_page()
    page.set_viewport_size(DESK)
    page.emulate_media(color_scheme="light")
    happened: list[str] = []
    page.on("dialog", lambda dialog: (happened.append(dialog.message), dialog.dismiss()))
    page.on("pageerror", lambda error: happened.append(str(error)))
    own = (server, server.replace("http", "ws", 1), "data:", "blob:")
    page.on("request", lambda request: request.url.startswith(own) or happened.append(request.url))
    page.goto(STATES[state])
    settled(page)
    expect(page.get_by_test_id("stException")).to_have_count(0)
    written = page.locator('[data-testid="stHtml"], [data-testid="stMarkdownContainer"]')
    assert written.locator(SMUGGLED).count() == 0
    assert page.locator("a[href]").evaluate_all(ELSEWHERE) == []
    assert page.evaluate("'hacked' in window") is False
    assert all(character.isprintable() for character in page.title())
    assert page.title().endswith("Homolog")
    assert serious(page) == []
    assert wide(page) == 0

    page.set_viewport_size(PHONE)
    settled(page)
    assert wide(page) == 0

    if state not in LIKE_ANOTHER:
        page.emulate_media(color_scheme="dark")
        expect(page.get_by_test_id("stApp")).to_have_css("background-color", "rgb(17, 21, 28)")
        settled(page)
        assert serious(page) == []
    assert happened == []


def test_every_page_is_among_them() -> None:
    assert {path.strip("/").split("?")[0] for path in STATES.values()} == set(links.PAGES)
