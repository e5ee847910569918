"""What every page of the built site must be like: links and anchors that exist, and nothing from another host."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

# What a browser fetches by itself; a link that a reader may follow is <a>.
_FETCHED = {"script": "src", "img": "src", "iframe": "src", "source": "srcset", "video": "src", "object": "data"}
_FETCHED_LINKS = {
    "stylesheet",
    "icon",
    "preconnect",
    "preload",
    "dns-prefetch",
    "prefetch",
    "modulepreload",
    "manifest",
}
_CSS_URL = re.compile(r"(?:url\(|@import )\s*['\"]?((?:https?:)?//[^'\")\s]+)")


class Page(HTMLParser):
    """The ids of a page, its links, and what it fetches."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.links: list[str] = []
        self.fetched: list[str] = []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self.ids |= {found[name] for name in ("id", "name") if name in found}
        if tag == "a" and "href" in found:
            self.links.append(found["href"])
        if tag == "link" and set(found.get("rel", "").split()) & _FETCHED_LINKS:
            self.fetched.append(found["href"])
        if tag in _FETCHED and _FETCHED[tag] in found:
            self.fetched.append(found[_FETCHED[tag]])
        self.fetched += _CSS_URL.findall(found.get("style", ""))


def problems(site: Path) -> list[str]:
    """Every broken link or anchor, and everything that is fetched from another host."""
    pages = {path: Page(path) for path in sorted(site.rglob("*.html"))}
    found = [f"{path.name}: fetches {url}" for path in site.rglob("*.css") for url in _CSS_URL.findall(_text(path))]
    for path, page in pages.items():
        name = path.relative_to(site)
        found += [f"{name}: fetches {url}" for url in page.fetched if urlsplit(url).netloc]
        if name.name != "404.html":  # its links are from the root of the host
            found += [f"{name}: {problem}" for url in page.links if (problem := _broken(url, path, pages))]
    return found


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def _broken(url: str, path: Path, pages: dict[Path, Page]) -> str:
    parts = urlsplit(url)
    if parts.scheme or parts.netloc:
        return ""
    target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
    if target.is_dir():
        target /= "index.html"
    if not target.is_file():
        return f"no such page: {url}"
    anchor = unquote(parts.fragment)
    if anchor and target in pages and anchor not in pages[target].ids:
        return f"no such anchor: {url}"
    return ""
