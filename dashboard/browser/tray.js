// The reading list that a visitor collects. It lives in this browser; what is shared is a link that names its pairs.
const TRAY = "homolog.reading-list";
const MOST_PAIRS = 40;
const PAIR = /^[a-z0-9][a-z0-9._-]*:[0-9]{1,10}~[a-z0-9][a-z0-9._-]*:[0-9]{1,10}$/;

const tray = {
  store: "",
  kept: [],

  read() {
    try {
      const found = JSON.parse(window.localStorage.getItem(TRAY) || "[]");
      this.kept = found.filter((one) => PAIR.test(one.pair) && /^[0-9a-f]{8}$/.test(one.store)).slice(0, MOST_PAIRS);
    } catch {
      // Storage is off, or holds something else: the list then lasts as long as the page.
    }
    return this.kept;
  },

  write(kept) {
    this.kept = kept;
    try {
      window.localStorage.setItem(TRAY, JSON.stringify(kept));
    } catch {
      // As above.
    }
    window.dispatchEvent(new Event("homolog-tray"));
  },

  names() {
    return this.kept.map((one) => one.pair);
  },

  holds(pairs) {
    const names = new Set(this.names());
    return pairs.every((pair) => names.has(pair));
  },

  // The link that shows the list. It names the store that the pairs were taken from, so that a later one says so.
  address(title) {
    const other = this.kept.find((one) => one.store !== this.store);
    const named = title ? `&title=${encodeURIComponent(title)}` : "";
    return `list?store=${other ? other.store : this.store}&pairs=${this.names().join(",")}${named}`;
  },

  // Adds what is missing, or takes all of it out. Where the page shows this very list, it goes along.
  toggle(pairs) {
    const shown = new URLSearchParams(window.location.search);
    const own = /\/list$/.test(window.location.pathname) && (shown.get("pairs") || "") === this.names().join(",");
    const given = new Set(pairs);
    if (this.holds(pairs)) this.write(this.kept.filter((one) => !given.has(one.pair)));
    else {
      const known = new Set(this.names());
      const more = pairs.filter((pair) => PAIR.test(pair) && !known.has(pair));
      this.write([...this.kept, ...more.map((pair) => ({ pair, store: this.store }))].slice(0, MOST_PAIRS));
    }
    if (own) go(this.address(shown.get("title")));
  },

  // Every link that adds pairs says whether they are in the list.
  mark() {
    for (const anchor of document.querySelectorAll("a[data-pairs]")) {
      const on = String(this.holds(anchor.dataset.pairs.split(",")));
      const text = on === "true" ? anchor.dataset.on : anchor.dataset.off;
      if (anchor.getAttribute("aria-pressed") === on && anchor.textContent === text) continue;
      anchor.setAttribute("role", "button");
      anchor.setAttribute("aria-pressed", on);
      anchor.textContent = text;
    }
  },
};
