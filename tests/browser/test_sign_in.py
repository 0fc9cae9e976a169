"""Signing in through a provider, in a real browser: nothing before it, the opened link after it, and out again."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from store.read import Store
from tests import oidc, serving
from tests.browser.conftest import WAIT

LINK = "/pair?a=left:0&b=right:1"


@pytest.fixture(scope="module")
def lab(
    browser: Browser, tiny_store: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, oidc.Provider]]:
    """The address of a dashboard that asks for sign-in, and its provider."""
    here = tmp_path_factory.mktemp("lab")
    port = serving.free_port()
    with oidc.providing(f"http://127.0.0.1:{port}") as provider:
        (here / "secrets.toml").write_text(provider.secrets_toml())
        options = ("--secrets", str(here / "secrets.toml"))
        with serving.started(tiny_store, here / "log", *options, port=port) as (address, _):
            yield address, provider


@pytest.fixture
def stranger(browser: Browser, lab: tuple[str, oidc.Provider]) -> Iterator[BrowserContext]:
    context = browser.new_context(base_url=lab[0])
    context.set_default_timeout(WAIT)
    expect.set_options(timeout=WAIT)
    yield context
    context.close()


def signed_in(context: BrowserContext, link: str) -> Page:
    page = context.new_page()
    page.goto(link)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("link", name="I am Ada").click()
    return page


def test_nothing_is_shown_before_and_the_link_is_opened_after(
    stranger: BrowserContext, lab: tuple[str, oidc.Provider], tiny_store: Path
) -> None:
    sent: list[bytes | str] = []
    page = stranger.new_page()
    page.on("websocket", lambda socket: socket.on("framereceived", lambda data: sent.append(data)))
    page.goto(LINK)
    expect(page.get_by_text("This store is open to those who sign in.")).to_be_visible()
    with Store(tiny_store) as store:
        hidden = [store.fingerprint[:8], store.spaces()[0].space, store.comparisons()[0].comparison]
    received = b"".join(one if isinstance(one, bytes) else one.encode() for one in sent)
    assert b"This store is open" in received
    assert [word for word in hidden if word.encode() in received] == []
    expect(page.get_by_role("link", name="Pairs")).to_have_count(0)

    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("link", name="I am Ada").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("left:0 ↔ right:1")
    assert page.url.removeprefix(lab[0]).startswith(LINK)
    expect(page.get_by_text("Ada *Lovelace*")).to_be_visible()

    page.reload()
    expect(page.get_by_role("heading", level=1)).to_contain_text("left:0 ↔ right:1")


def test_who_leaves_sees_nothing_any_more(stranger: BrowserContext, lab: tuple[str, oidc.Provider]) -> None:
    page = signed_in(stranger, "/")
    expect(page.get_by_role("heading", level=1).first).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    assert lab[1].signed_out == 1
    page.goto(LINK)
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    expect(page.get_by_text("left:0")).to_have_count(0)


def test_who_refuses_can_still_sign_in_and_gets_the_link(stranger: BrowserContext) -> None:
    page = stranger.new_page()
    page.goto(LINK)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("link", name="Not me").click()
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("link", name="I am Ada").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("left:0 ↔ right:1")


def test_a_forged_cookie_opens_nothing(stranger: BrowserContext, lab: tuple[str, oidc.Provider]) -> None:
    page = signed_in(stranger, "/glossary")
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    cookie = next(one for one in stranger.cookies() if one["name"] == "_streamlit_user")
    stranger.add_cookies([{"name": cookie["name"], "value": cookie["value"][:-8] + "AAAAAAAA", "url": lab[0]}])
    page.goto("/glossary")
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()


def test_another_name_of_the_same_machine_says_where_sign_in_works(
    stranger: BrowserContext, lab: tuple[str, oidc.Provider]
) -> None:
    page = stranger.new_page()
    page.goto(lab[0].replace("127.0.0.1", "localhost") + LINK)
    expect(page.get_by_text(f"Sign-in works at {lab[0]} only; open the same page there")).to_be_visible()
