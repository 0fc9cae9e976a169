// The legend and the card of a point: text goes in as text, never as HTML, for tokens may hold anything.

function element(kind, text, name) {
  const made = document.createElement(kind);
  if (text !== undefined) made.textContent = text;
  if (name) made.className = name;
  return made;
}

const css = ([red, green, blue], opacity = 1) => `rgba(${red},${green},${blue},${opacity})`;

function key(colour, text, title, ring) {
  const item = element("span");
  const dot = element("i");
  if (ring) dot.style.border = `2px solid ${css(colour)}`;
  else dot.style.background = css(colour, colour[3] ?? 1);
  item.append(dot, text);
  item.title = title || "";
  return item;
}

function ramp(letter, theme, text) {
  const item = element("span");
  const bar = element("i", undefined, "ramp");
  const stops = Array.from({ length: 8 }, (_, i) => css(shade(theme[letter], i / 7, theme)));
  bar.style.background = `linear-gradient(90deg, ${stops.join(", ")})`;
  item.append(bar, text);
  return item;
}

function note(text) {
  return element("span", text, "note");
}

function selectionLegend(region, theme, least) {
  const [own, other] = region.side === "a" ? ["a", "b"] : ["b", "a"];
  const [here, there] = [own.toUpperCase(), other.toUpperCase()];
  return [
    key(theme[own], `selected in ${here}, with a match`),
    key(theme[own], "selected, without one", `no best match of r = ${decimal(least)} or more`, true),
    key(theme[other], `their matches in ${there}`),
    key([...theme.grey, 0.7], "matched, but not here"),
    key([...theme.grey, 0.3], `no match of r ${decimal(least)} or more`),
  ];
}

function clusterLegend(own, other, inks, theme) {
  const tallies = { a: byInk(inks.a).starts, b: byInk(inks.b).starts };
  const tally = (side, ink) => tallies[side.letter][ink + 1] - tallies[side.letter][ink];
  const [here, there] = [own.letter.toUpperCase(), other.letter.toUpperCase()];
  const hues = Math.min(HUES.length, 1 + own.cluster.reduce((most, one) => Math.max(most, one), -1));
  const colours = palette(own.letter, theme, { nominal: true }, false);
  const items = Array.from({ length: hues }, (_, i) => {
    const [n, carried] = [tally(own, FIRST + i), tally(other, FIRST + i)];
    const title = `cluster ${i} of ${here}: ${count(n)} features; ${count(carried)} of ${there} have their match in it`;
    return key(colours[FIRST + i], `${i}: ${count(n)} → ${count(carried)}`, title);
  });
  const rest = [tally(own, GREY), tally(other, GREY)].map(count).join(" → ");
  const none = [tally(own, FAINT), tally(other, FAINT)].map(count).join(" → ");
  return [
    note(`cluster of ${here}: its features → features of ${there} matched with them`),
    ...items,
    key([...theme.grey, 0.7], `smaller clusters: ${rest}`),
    key([...theme.grey, 0.3], `in none, or no match: ${none}`),
  ];
}

function valueLegend(what, ends, theme) {
  const range = ends.join(" to ");
  return [note(what), ramp("a", theme, `A: ${range}`), ramp("b", theme, `B: ${range}`), key([...theme.grey, 0.4], "none")];
}

// What is known of one point, in a few lines; with links once it is pinned.
function card(point, own, other, hrefs, pinned) {
  const lines = [];
  const add = (...parts) => {
    const line = element("div");
    line.append(...parts);
    lines.push(line);
  };
  add(element("span", `${own.space}:${own.feature[point]}`, "id"), " ", element("code", own.tokenOf(point)));
  const cluster = own.cluster[point] < 0 ? "in no cluster" : `cluster ${own.cluster[point]}`;
  add(element("span", `fires on ${percent(own.rate[point])} of tokens · ${cluster}`, "faint"));
  if (own.pearson[point] === UNKNOWN) add("no best match: it never fires with any feature there");
  else {
    const there = own.match[point];
    add("best match ", element("span", `${other.space}:${own.partner[point]}`, "id"), " ");
    if (there >= 0) lines[lines.length - 1].append(element("code", other.tokenOf(there)));
    const parts = [`r ${decimal(own.pearson[point] / 10000)}`, `context ${decimal(own.context[point] / 10000)}`];
    if (own.overlap[point] !== UNKNOWN) parts.push(`keeps ${percent(own.overlap[point] / 10000)} of its neighbours`);
    parts.push(own.mutual[point] ? "mutual" : "not mutual");
    if (there < 0) parts.push("not on the map");
    add(element("span", parts.join(" · "), "faint"));
  }
  if (pinned) add(...hrefs.map(([text, href]) => Object.assign(element("a", text), { href })));
  return lines;
}
