"""How somebody goes through a page: with a pointer, or with the keyboard alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

_MOST_TABS = 80
# Where the focus is, in words, where nobody could see that it is there; "" where they can.
_UNSEEN = """() => {
  const one = document.activeElement, style = getComputedStyle(one), box = one.getBoundingClientRect();
  if (one === document.body) return "";
  const has_ring = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0;
  const is_inside = box.width > 0 && box.bottom > 0 && box.top < innerHeight && box.right > 0;
  return has_ring && is_inside ? "" : one.outerHTML.slice(0, 200);
}"""


class Pointer:
    """Clicks what it names, and types."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def follow(self, name: str) -> None:
        """A link by its whole text."""
        self.use(self.page.get_by_role("link", name=name, exact=True).first)

    def press(self, name: str) -> None:
        """A button by its whole text."""
        self.use(self.page.get_by_role("button", name=name, exact=True).first)

    def unfold(self, name: str) -> None:
        """What is folded up, by its summary."""
        self.use(self.page.locator("summary", has_text=name))

    def use(self, wanted: Locator) -> None:
        wanted.click()

    def fill(self, label: str, text: str) -> None:
        """A field by the beginning of its label."""
        self._field(label).fill(text)

    def choose(self, label: str, words: str) -> None:
        """An option by its whole text."""
        self._field(label).select_option(label=words)

    def mark(self, label: str) -> None:
        """One of several, or a box, by the beginning of its label."""
        self._field(label).check()

    def _field(self, label: str) -> Locator:
        return self.page.get_by_label(label).first


class Keyboard(Pointer):
    """Tab, Enter, arrows and letters alone; the focus must be seen wherever it comes."""

    def use(self, wanted: Locator) -> None:
        self._reach(wanted)
        self.page.keyboard.press("Enter")

    def fill(self, label: str, text: str) -> None:
        self._reach(self._field(label))
        self.page.keyboard.press("ControlOrMeta+a")
        self.page.keyboard.insert_text(text)

    def choose(self, label: str, words: str) -> None:
        field = self._field(label)
        self._reach(field)
        self.page.keyboard.press("Home")
        for _ in range(field.locator("option").count()):
            if field.evaluate("one => one.selectedOptions[0].text.trim()") == words:
                return
            self.page.keyboard.press("ArrowDown")
        raise AssertionError(f"{label}: no option is called {words}")

    def mark(self, label: str) -> None:
        wanted = self._field(label)
        if wanted.get_attribute("type") == "radio":  # all of one name are one stop of Tab
            others = self.page.locator(f'input[name="{wanted.get_attribute("name")}"]')
            self._reach(others.first)
            for _ in range(others.count()):
                self.page.keyboard.press("ArrowDown")
                if wanted.is_checked():
                    return
            raise AssertionError(f"{label}: no arrow leads to it")
        self._reach(wanted)
        self.page.keyboard.press("Space")

    def _reach(self, wanted: Locator) -> None:
        wanted.wait_for()
        for _ in range(_MOST_TABS):
            if wanted.evaluate("one => one === document.activeElement"):
                return
            self.page.keyboard.press("Tab")
            unseen = self.page.evaluate(_UNSEEN)
            assert not unseen, f"{self.page.url}: nobody sees that the focus is on {unseen}"
        raise AssertionError(f"{self.page.url}: {_MOST_TABS} times Tab do not lead to {wanted}")
