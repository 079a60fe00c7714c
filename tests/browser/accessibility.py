"""Checks of a page in Chromium by the success criteria of WCAG 2.2: each returns what is wrong."""

from typing import Any

from selenium.webdriver import Chrome

COLOURS = """
const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
const rgba = (colour) => {
  canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
  const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data; return [r, g, b, a / 255];
};
const over = (top, below) => [0, 1, 2].map((i) => top[i] * top[3] + below[i] * (1 - top[3]));
const luminance = (c) => { const [r, g, b] = c.map((v) => { v /= 255;
  return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
const ratio = (a, b) => { const [x, y] = [luminance(a), luminance(b)].sort((p, q) => q - p);
  return (x + 0.05) / (y + 0.05); };
const dark = matchMedia('(prefers-color-scheme: dark)').matches;
const ground = (element) => {
  const layers = [];
  for (let e = element; e; e = e.parentElement) {
    const c = rgba(getComputedStyle(e).backgroundColor);
    if (c[3] > 0) layers.push(c);
    if (c[3] === 1) break;
  }
  const page = dark ? [18, 18, 18] : [255, 255, 255];
  return layers.reverse().reduce((below, top) => over(top, below), page);
};
const opacity = (element) => {
  let o = 1;
  for (let e = element; e; e = e.parentElement) o *= parseFloat(getComputedStyle(e).opacity);
  return o;
};
const found = [];
"""

# 1.4.3: text at least 4.5:1, large text 3:1, against the nearest opaque background.
LOW_CONTRAST = (
    COLOURS
    + """
const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walk.nextNode()) {
  const element = walk.currentNode.parentElement, text = walk.currentNode.textContent.trim();
  const shown = element.checkVisibility({visibilityProperty: true, opacityProperty: true});
  if (!text || !shown) continue;
  if (['SCRIPT', 'STYLE', 'NOSCRIPT'].includes(element.tagName)) continue;
  if (element.closest('button:disabled')) continue;
  const style = getComputedStyle(element), back = ground(element);
  const ink = rgba(style.color); ink[3] *= opacity(element);
  const value = ratio(over(ink, back), back), size = parseFloat(style.fontSize);
  const large = size >= 24 || (size >= 18.66 && parseInt(style.fontWeight) >= 700);
  if (value < (large ? 3 : 4.5)) found.push(`${value.toFixed(2)}: ${text.slice(0, 60)}`);
}
return found;
"""
)

# 1.4.11: lines and marks of pictures at least 3:1, their letters 4.5:1.
FAINT_PICTURES = (
    COLOURS
    + """
for (const e of document.querySelectorAll('svg :is(path, use, text)')) {
  if (!e.checkVisibility({visibilityProperty: true}) || e.closest('defs')) continue;
  const style = getComputedStyle(e), back = ground(e.closest('svg').parentElement);
  const isText = e.tagName === 'text', ink = rgba(isText ? style.fill : style.stroke);
  if (!isText && (style.stroke === 'none' || style.strokeOpacity < 1)) continue;
  const value = ratio(over(ink, back), back);
  if (value < (isText ? 4.5 : 3)) found.push(`${value.toFixed(2)}: ${e.tagName} ${style.stroke}`);
}
return found;
"""
)

# 1.3.1: no level of headings is left out; every head of a table says of what, every table its name.
STRUCTURE = """
const found = [];
let last = 0;
for (const e of document.querySelectorAll('h1, h2, h3, h4, h5, h6')) {
  const level = parseInt(e.tagName[1]);
  if (level > last + 1) found.push(`${e.tagName} behind H${last}: ${e.textContent.slice(0, 40)}`);
  last = level;
}
for (const e of document.querySelectorAll('th:not([scope])')) found.push(`th ${e.textContent}`);
for (const e of document.querySelectorAll('table'))
  if (!e.caption && !e.closest('[aria-label], [aria-labelledby]')) found.push('table without name');
for (const name of ['main', 'h1', 'html[lang]'])
  if (document.querySelectorAll(name).length !== 1) found.push(`not one ${name}`);
const ids = [...document.querySelectorAll('[id]')].map((e) => e.id);
for (const id of new Set(ids.filter((id, i) => ids.indexOf(id) !== i))) found.push(`twice: ${id}`);
for (const e of document.querySelectorAll('a[href^="#"]'))
  if (!document.getElementById(e.hash.slice(1))) found.push(`leads nowhere: ${e.hash}`);
return found;
"""

# 2.5.5: every control at least 44 x 44 CSS pixels; a checkbox's label belongs to it. Links within
# a sentence are excepted by the criterion.
SMALL_TARGETS = """
const found = [];
for (const e of document.querySelectorAll('button, input, select, textarea, summary, a[href]')) {
  if (!e.checkVisibility({visibilityProperty: true})) continue;
  if (e.tagName === 'A' && getComputedStyle(e).display === 'inline') continue;
  const boxes = [e, ...(e.labels ?? [])].map((x) => x.getBoundingClientRect());
  if (boxes.some((b) => b.width === 1 && b.height === 1)) continue;
  if (!boxes.some((b) => b.width >= 43.5 && b.height >= 43.5))
    found.push(`${e.tagName} ${e.textContent.trim().slice(0, 40)}: ` +
      `${boxes[0].width.toFixed(0)} x ${boxes[0].height.toFixed(0)}`);
}
return found;
"""

# 1.4.10: no scrolling sideways.
OVERFLOWS = """
const root = document.scrollingElement, found = [];
if (root.scrollWidth > root.clientWidth) {
  found.push(`page: ${root.scrollWidth} > ${root.clientWidth}`);
  for (const e of document.body.querySelectorAll('*'))
    if (e.getBoundingClientRect().right > root.clientWidth + 0.5)
      found.push(`${e.tagName}.${e.className}: ${e.getBoundingClientRect().right.toFixed(0)}`);
}
return found;
"""

# 2.4.7: what has the focus shows it.
FOCUSED = """
const e = document.activeElement;
if (!e || e === document.body) return null;
const marked = (x) => { const s = getComputedStyle(x);
  return (s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) > 0) || s.boxShadow !== 'none'; };
const shows = [e, ...(e.closest('label')?.querySelectorAll('*') ?? [])].some(marked) ||
  (e.closest('label') && marked(e.closest('label')));
const all = [...document.querySelectorAll('*')];
const what = `${e.tagName} ${e.id} ${e.value ?? ''} ${e.textContent.trim().slice(0, 40)}`;
return {at: all.indexOf(e), what, shows};
"""

CONTROLS = {
    "button", "link", "textbox", "checkbox", "radio", "slider", "progressbar", "combobox", "img",
    "image", "Video", "radiogroup", "dialog", "DisclosureTriangle",
}  # fmt: skip


def low_contrast(browser: Chrome) -> list[str]:
    """Texts with too little contrast."""
    return list(browser.execute_script(LOW_CONTRAST))


def faint_pictures(browser: Chrome) -> list[str]:
    """Lines and letters of pictures with too little contrast."""
    return list(browser.execute_script(FAINT_PICTURES))


def structure(browser: Chrome) -> list[str]:
    """What a screen reader could not go along: headings, tables, landmarks, links in the page."""
    return list(browser.execute_script(STRUCTURE))


def small_targets(browser: Chrome) -> list[str]:
    """Controls under 44 pixels."""
    return list(browser.execute_script(SMALL_TARGETS))


def overflows(browser: Chrome) -> list[str]:
    """What is wider than the page."""
    return list(browser.execute_script(OVERFLOWS))


def without_name(browser: Chrome) -> list[str]:
    """Controls, pictures and videos that a screen reader could not name (4.1.2), and headings."""
    tree = browser.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]
    found = []
    for node in tree:
        role = node.get("role", {}).get("value", "")
        if not node.get("ignored") and role in CONTROLS and not _name(node):
            found.append(f"{role} {node.get('backendDOMNodeId')}")
    headings = [node for node in tree if node.get("role", {}).get("value") == "heading"]
    if not any(_name(node) for node in headings):
        found.append("no heading")
    return found


def _name(node: dict[str, Any]) -> str:
    return str(node.get("name", {}).get("value", "")).strip()


def focus_by_tab(browser: Chrome, most: int = 40) -> tuple[list[str], list[str]]:
    """What Tab reaches in one round, and what is wrong with it: no mark, or against the order."""
    browser.execute_script("document.activeElement?.blur(); window.scrollTo(0, 0);")
    reached: list[str] = []
    wrong: list[str] = []
    last = -1
    for _ in range(most):
        for kind in ("keyDown", "keyUp"):
            browser.execute_cdp_cmd(
                "Input.dispatchKeyEvent",
                {"type": kind, "key": "Tab", "code": "Tab", "windowsVirtualKeyCode": 9},
            )
        here = browser.execute_script(FOCUSED)
        if here is None or here["what"] in reached:
            break
        if not here["shows"]:
            wrong.append(f"no mark of focus: {here['what']}")
        if here["at"] < last:
            wrong.append(f"against the page's order: {here['what']}")
        last = here["at"]
        reached.append(here["what"])
    return reached, wrong


def media(browser: Chrome, kind: str = "", **features: str) -> None:
    """Emulate a medium, such as "print", and its features: `prefers_color_scheme="dark"`."""
    given = [{"name": k.replace("_", "-"), "value": v} for k, v in features.items()]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": kind, "features": given})


def screen(browser: Chrome, width: int, height: int, *, touch: bool = False) -> None:
    """Emulate a screen."""
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": touch},
    )
    browser.execute_cdp_cmd("Emulation.setTouchEmulationEnabled", {"enabled": touch})
