// Two linked maps as they are seen: the points, what is selected of them, the one under the pointer and its match.

const SVG = "http://www.w3.org/2000/svg";

class Drawing {
  constructor(root) {
    this.root = root;
    this.both = root.querySelector(".both");
    this.over = root.querySelector(".over");
    this.card = root.querySelector(".card");
    this.canvas = { a: root.querySelector(".side.a canvas"), b: root.querySelector(".side.b canvas") };
    this.view = { a: { zoom: 1, x: 0.5, y: 0.5 }, b: { zoom: 1, x: 0.5, y: 0.5 } };
    this.mode = "select";
    this.region = null;
    this.hover = null;
    this.pinned = null;
    for (const letter of ["a", "b"]) this.listen(letter);
    root.querySelectorAll("[data-mode]").forEach((one) => (one.onclick = () => this.setMode(one.dataset.mode)));
    root.querySelectorAll("[data-do]").forEach((one) => (one.onclick = () => this.act(one.dataset.do)));
    root.addEventListener("keydown", (event) => this.key(event));
    new ResizeObserver(() => this.later()).observe(this.both);
    this.kept = window.__homologMaps ??= { packs: new Map(), tell: new Set() };
    this.kept.tell.add(() => root.isConnected && this.arrange());
  }

  update(data, send) {
    this.data = data;
    this.send = send;
    // What is being dragged is newer than what the server answers.
    if (!this.drag) this.region = parseRegion(data.region);
    this.root.setAttribute("aria-label", data.label);
    this.arrange();
  }

  // Points that arrived, or that the server names anew.
  arrange() {
    const packs = this.kept.packs;
    const pack = this.data && packs.get(this.data.points);
    if (!pack || (this.data.shares && !packs.get(this.data.shares))) return;
    if (this.pack !== pack) {
      this.pack = pack;
      this.sides = Object.fromEntries(["a", "b"].map((one) => [one, new Points(pack[one], this.data.spaces[one], one)]));
      this.view = { a: { zoom: 1, x: 0.5, y: 0.5 }, b: { zoom: 1, x: 0.5, y: 0.5 } };
      this.hover = this.pinned = null;
    }
    this.shares = this.data.shares ? packs.get(this.data.shares) : null;
    this.base = null;
    this.name();
    this.later();
  }

  name() {
    for (const letter of ["a", "b"]) {
      const side = this.sides[letter];
      const caption = this.root.querySelector(`.side.${letter} figcaption`);
      const title = element("b");
      title.style.borderColor = css(this.data.hues[letter]);
      title.append(element("span", `${letter.toUpperCase()} ${side.space}`));
      caption.replaceChildren(title, element("small", `${count(side.n)} features · ${this.data.about[letter]}`));
      const what = `${this.data.label} Map ${letter.toUpperCase()}: ${side.space}, ${count(side.n)} points.`;
      const keys = "Arrow keys move it, + and - zoom, Enter selects what is in view, Escape lets go.";
      this.canvas[letter].setAttribute("aria-label", `${what} ${keys}`);
    }
  }

  later() {
    this.waiting ??= requestAnimationFrame(() => {
      this.waiting = null;
      if (this.sides && this.root.isConnected) this.draw();
    });
  }

  theme() {
    const style = getComputedStyle(this.root);
    const background = rgb(style.getPropertyValue("--st-background-color"), [255, 255, 255]);
    const dark = background[0] + background[1] + background[2] < 380;
    return { ...this.data.hues, background, dark, ratio: window.devicePixelRatio || 1 };
  }

  // Inks and legend without a selection; kept until the colour or the points change.
  colours(theme) {
    const { a, b } = this.sides;
    const { colour, least, said } = this.data;
    if (colour.startsWith("cluster")) {
      const [own, other] = colour === "cluster" ? [a, b] : [b, a];
      const inks = clusterInks(own, other, least);
      return { inks, nominal: true, legend: () => clusterLegend(own, other, inks, theme) };
    }
    const read = {
      rate: (side) => side.rate,
      concept: (side) => fractions(this.shares[side.letter].share),
      r: (side) => fractions(side.pearson),
      context: (side) => fractions(side.context),
      overlap: (side) => fractions(side.overlap),
    }[colour];
    const { inks, domain } = valueInks([a, b], { a: read(a), b: read(b) }, colour === "rate");
    const text = ["r", "context"].includes(colour) ? (value) => decimal(value) : percent;
    const ends = colour === "rate" ? ["≤ ", "≥ "] : ["", ""];
    const end = (value, i) => (text(value).startsWith("<") ? text(value) : ends[i] + text(value));
    return { inks, legend: () => valueLegend(said, domain.map(end), theme) };
  }

  draw() {
    const began = performance.now();
    const theme = this.theme();
    if (!this.region) this.base ??= this.colours(theme);
    const shown = this.region ? this.shown(theme) : this.base;
    this.root.querySelector(".found").textContent = shown.found || "";
    for (const letter of ["a", "b"]) this.paint(letter, shown, theme);
    this.root.querySelector(".legend").replaceChildren(...shown.legend());
    this.root.querySelector('[data-do="clear"]').disabled = !this.region;
    this.trace();
    this.root.dataset.drawn = `${this.sides.a.n},${this.sides.b.n}`;
    this.root.dataset.milliseconds = (performance.now() - began).toFixed(1);
  }

  // What is to be drawn: the selection, else the colours.
  shown(theme) {
    if (!this.region) return this.colours(theme);
    const [own, other] = this.region.side === "a" ? [this.sides.a, this.sides.b] : [this.sides.b, this.sides.a];
    const { inks, found } = selectedInks(own, other, this.region, this.data.least);
    const legend = () => selectionLegend(this.region, theme, this.data.least);
    return { inks, faded: true, legend, found: `${count(found.n)} selected, ${count(found.matched)} with a match` };
  }

  paint(letter, shown, theme) {
    const canvas = this.canvas[letter];
    const width = canvas.clientWidth;
    if (!width) return;
    const height = Math.round(Math.max(240, Math.min(520, width * 0.82)));
    canvas.style.height = `${height + 2}px`;
    const size = [width, height].map((one) => Math.max(1, Math.round(one * theme.ratio)));
    if (canvas.width !== size[0] || canvas.height !== size[1]) [canvas.width, canvas.height] = size;
    this.plotted(letter, canvas, shown, theme);
  }

  // A side's points onto a canvas of the size of its own, times the theme's ratio.
  plotted(letter, canvas, shown, theme) {
    const [width, side, view] = [this.canvas[letter].clientWidth, this.sides[letter], this.placed(letter, theme.ratio)];
    const usual = Math.max(1, Math.min(2.6, 130 / Math.sqrt(side.n)) * Math.max(0.65, Math.min(1, width / 560)));
    const radius = usual * Math.min(2, view.zoom ** 0.35) * theme.ratio;
    const colours = palette(letter, theme, shown, side.n > 20000);
    plot(canvas.getContext("2d"), side, shown.inks[letter], colours, view, radius, theme);
  }

  // How steps become pixels: both axes alike, the whole map inside at zoom 1.
  placed(letter, ratio = 1) {
    const [canvas, side, { zoom, x, y }] = [this.canvas[letter], this.sides[letter], this.view[letter]];
    const [width, height] = [canvas.clientWidth, canvas.clientHeight];
    const unit = 0.92 * zoom * ratio * Math.min(width / side.span(0), height / side.span(1));
    const [perX, perY] = [0, 1].map((axis) => (unit * side.span(axis)) / STEPS);
    return { perX, perY, x: (width / 2) * ratio - x * STEPS * perX, y: (height / 2) * ratio + y * STEPS * perY, zoom };
  }

  // A place on a canvas (CSS pixels) -> steps.
  steps(letter, x, y) {
    const view = this.placed(letter);
    return [(x - view.x) / view.perX, (view.y - y) / view.perY];
  }

  // Steps -> CSS pixels of the box around both maps; null where the canvas does not reach.
  pixel(letter, stepX, stepY, clip = true) {
    const [view, canvas] = [this.placed(letter), this.canvas[letter]];
    const [x, y] = [view.x + stepX * view.perX, view.y - stepY * view.perY];
    if (clip && (x < 0 || y < 0 || x > canvas.clientWidth || y > canvas.clientHeight)) return null;
    const [box, own] = [this.both.getBoundingClientRect(), canvas.getBoundingClientRect()];
    return [x + own.left - box.left + 1, y + own.top - box.top + 1];
  }

  // The region's frame, the point under the pointer, its match, and the line between them.
  trace() {
    const marks = [];
    const mark = (kind, values) => {
      const made = document.createElementNS(SVG, kind);
      for (const [name, value] of Object.entries(values)) made.setAttribute(name, value);
      marks.push(made);
    };
    if (this.region) mark("rect", this.frame(this.region));
    const at = this.pinned || this.hover;
    if (at) {
      const [own, other] = at.letter === "a" ? [this.sides.a, this.sides.b] : [this.sides.b, this.sides.a];
      const here = this.pixel(at.letter, own.xs[at.point], own.ys[at.point]);
      const match = own.match[at.point];
      const there = match >= 0 ? this.pixel(other.letter, other.xs[match], other.ys[match]) : null;
      if (here && there) mark("line", { x1: here[0], y1: here[1], x2: there[0], y2: there[1] });
      for (const place of [here, there]) if (place) mark("circle", { cx: place[0], cy: place[1], r: 6 });
    }
    this.over.replaceChildren(...marks);
    this.say(at);
  }

  frame({ side, x0, y0, x1, y1 }) {
    const points = this.sides[side];
    const corner = (x, y) => this.pixel(side, points.steps(x, 0), points.steps(y, 1), false);
    const [canvas, box] = [this.canvas[side].getBoundingClientRect(), this.both.getBoundingClientRect()];
    const edge = [canvas.left - box.left, canvas.top - box.top, canvas.right - box.left, canvas.bottom - box.top];
    const clip = ([x, y]) => [Math.max(edge[0], Math.min(edge[2], x)), Math.max(edge[1], Math.min(edge[3], y))];
    const [[left, bottom], [right, top]] = [clip(corner(x0, y0)), clip(corner(x1, y1))];
    return { x: left, y: top, width: Math.max(0, right - left), height: Math.max(0, bottom - top), rx: 2 };
  }

  say(at) {
    this.card.hidden = !at;
    if (!at) return;
    const [own, other] = at.letter === "a" ? [this.sides.a, this.sides.b] : [this.sides.b, this.sides.a];
    this.card.replaceChildren(...card(at.point, own, other, this.hrefs(at, own, other), Boolean(this.pinned)));
    this.card.classList.toggle("pinned", Boolean(this.pinned));
    const here = this.pixel(at.letter, own.xs[at.point], own.ys[at.point], false);
    const [width, height] = [this.card.offsetWidth, this.card.offsetHeight];
    const left = here[0] + 14 + width > this.both.clientWidth ? here[0] - 14 - width : here[0] + 14;
    this.card.style.left = `${Math.max(0, Math.min(left, this.both.clientWidth - width))}px`;
    this.card.style.top = `${Math.max(0, Math.min(here[1] - height / 2, this.both.clientHeight - height))}px`;
  }

  hrefs({ point }, own, other) {
    const here = `${own.space}:${own.feature[point]}`;
    const found = [[`Open ${own.letter.toUpperCase()}'s feature`, `feature?store=${this.data.store}&f=${here}`]];
    if (own.pearson[point] === UNKNOWN) return found;
    const there = `${other.space}:${own.partner[point]}`;
    const [a, b] = own.letter === "a" ? [here, there] : [there, here];
    return [["Open the pair", `pair?store=${this.data.store}&a=${a}&b=${b}`], ...found];
  }
}
