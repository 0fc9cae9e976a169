// What a visitor's hands do with the two maps. Drag a region on one: it and its matches on the other stand out at once,
// and the server hears of it once the button is let go, and lists them.

const REACH = 9; // CSS pixels within which a point is under the pointer
const CLICK = 4; // CSS pixels that a click may wander

class Picture extends Drawing {
  listen(letter) {
    const canvas = this.canvas[letter];
    const place = (event) => {
      const box = canvas.getBoundingClientRect();
      return [event.clientX - box.left - 1, event.clientY - box.top - 1];
    };
    canvas.addEventListener("pointerdown", (event) => {
      if (event.button !== 0 || !this.sides) return;
      canvas.setPointerCapture(event.pointerId);
      canvas.focus({ preventScroll: true });
      const moves = this.mode === "move" || event.shiftKey;
      this.drag = { letter, from: place(event), last: place(event), moves, wandered: false, before: this.region };
    });
    canvas.addEventListener("pointermove", (event) => this.sides && this.moved(letter, place(event), event));
    canvas.addEventListener("pointerup", () => this.drag && this.dropped());
    canvas.addEventListener("pointercancel", () => this.abandon());
    canvas.addEventListener("pointerleave", () => !this.drag && this.point(letter, null));
    canvas.addEventListener("dblclick", () => this.act("whole"));
    canvas.addEventListener("wheel", (event) => this.wheel(letter, place(event), event), { passive: false });
  }

  moved(letter, at, event) {
    const drag = this.drag;
    if (!drag || !(event.buttons & 1)) return this.point(letter, at);
    drag.wandered ||= Math.hypot(at[0] - drag.from[0], at[1] - drag.from[1]) > CLICK;
    if (!drag.wandered) return undefined;
    this.hover = this.pinned = null;
    if (drag.moves) this.pan(drag.letter, at[0] - drag.last[0], at[1] - drag.last[1]);
    else this.region = this.between(drag.letter, drag.from, at);
    drag.last = at;
    return this.later();
  }

  dropped() {
    const drag = this.drag;
    this.drag = null;
    if (!drag.wandered) this.click(drag.letter, drag.from);
    else if (!drag.moves) {
      this.select(this.region || drag.before);
    }
    this.later();
  }

  abandon() {
    if (this.drag && !this.drag.moves) this.region = this.drag.before;
    this.drag = null;
    this.later();
  }

  between(letter, from, to) {
    const points = this.sides[letter];
    const [one, two] = [from, to].map(([x, y]) => this.steps(letter, x, y).map((step, axis) => points.value(step, axis)));
    return roundRegion(letter, { x0: one[0], y0: one[1], x1: two[0], y1: two[1] }, points);
  }

  pan(letter, x, y) {
    const [view, placed] = [this.view[letter], this.placed(letter)];
    view.x = Math.max(0, Math.min(1, view.x - x / (placed.perX * STEPS)));
    view.y = Math.max(0, Math.min(1, view.y + y / (placed.perY * STEPS)));
  }

  // At its smallest a map leaves the wheel to the page.
  wheel(letter, at, event) {
    if (!this.sides || (event.deltaY > 0 && this.view[letter].zoom <= 1)) return;
    event.preventDefault();
    this.zoom(letter, Math.exp(-Math.max(-240, Math.min(240, event.deltaY)) * 0.0025), at);
    this.hover = null;
    this.later();
  }

  zoom(letter, factor, at) {
    const [view, canvas] = [this.view[letter], this.canvas[letter]];
    const [x, y] = at || [canvas.clientWidth / 2, canvas.clientHeight / 2];
    const before = this.steps(letter, x, y);
    view.zoom = Math.max(1, Math.min(200, view.zoom * factor));
    const after = this.steps(letter, x, y);
    view.x = view.zoom === 1 ? 0.5 : Math.max(0, Math.min(1, view.x + (before[0] - after[0]) / STEPS));
    view.y = view.zoom === 1 ? 0.5 : Math.max(0, Math.min(1, view.y + (before[1] - after[1]) / STEPS));
  }

  under(letter, at) {
    const [view, side] = [this.placed(letter), this.sides[letter]];
    return side.nearest(...this.steps(letter, ...at), view.perX, view.perY, REACH);
  }

  point(letter, at) {
    if (this.pinned) return;
    const point = at ? this.under(letter, at) : -1;
    const found = point < 0 ? null : { letter, point };
    if (found?.point === this.hover?.point && found?.letter === this.hover?.letter) return;
    this.hover = found;
    this.trace();
  }

  // A click pins the card, so that its links can be reached; a click elsewhere lets it go.
  click(letter, at) {
    const point = this.under(letter, at);
    this.pinned = point < 0 ? null : { letter, point };
    this.hover = null;
    this.trace();
  }

  setMode(mode) {
    this.mode = this.root.dataset.mode = mode;
    this.root.querySelectorAll("[data-mode]").forEach((one) => one.setAttribute("aria-pressed", one.dataset.mode === mode));
  }

  act(what) {
    if (!this.sides) return;
    if (what === "clear") this.clear();
    if (what === "picture") pictured(this).then((blob) => save(blob, `${this.data.name}.png`));
    for (const letter of ["a", "b"]) {
      if (what === "whole") this.view[letter] = { zoom: 1, x: 0.5, y: 0.5 };
      if (what === "larger") this.zoom(letter, 1.6);
      if (what === "smaller") this.zoom(letter, 1 / 1.6);
    }
    this.later();
  }

  key(event) {
    if (event.key === "Escape") this.escape();
    const letter = ["a", "b"].find((one) => this.canvas[one] === event.target);
    if (!letter || !this.sides || event.ctrlKey || event.metaKey || event.altKey) return;
    const { clientWidth: width, clientHeight: height } = this.canvas[letter];
    const moves = { ArrowLeft: [0.1, 0], ArrowRight: [-0.1, 0], ArrowUp: [0, 0.1], ArrowDown: [0, -0.1] };
    if (moves[event.key]) this.pan(letter, moves[event.key][0] * width, moves[event.key][1] * height);
    else if (event.key === "+" || event.key === "-") this.zoom(letter, event.key === "+" ? 1.6 : 1 / 1.6);
    else if (event.key === "Enter") this.select(this.between(letter, [0, 0], [width, height]));
    else return;
    event.preventDefault();
    this.later();
  }

  select(region) {
    this.region = region;
    if (region) this.send("region", regionText(region));
  }

  escape() {
    if (this.drag) this.abandon();
    else if (this.pinned) {
      this.pinned = null;
      this.trace();
    } else this.clear();
  }

  clear() {
    if (!this.region) return;
    this.region = null;
    this.send("region", "");
    this.later();
  }
}

// Links of the card change the page without a reload, as the page's other links do.
function follow(event) {
  const anchor = event.target.closest && event.target.closest("a[href]");
  if (!anchor || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  window.history.pushState({}, "", new URL(anchor.getAttribute("href"), window.location.href));
  window.dispatchEvent(new PopStateEvent("popstate"));
  document.querySelector('[data-testid="stMain"]')?.scrollTo(0, 0);
}

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".maps");
  if (!root.picture) {
    root.picture = new Picture(root);
    root.addEventListener("click", follow);
  }
  root.picture.update(data, setTriggerValue);
}
