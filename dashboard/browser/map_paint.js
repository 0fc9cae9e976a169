// Colours of points, and points -> pixels. Discs are written straight into an image: no library, no graphics card, and
// 131,072 of them take some milliseconds.

// Five of Okabe and Ito's, and three more that differ from them, and from grey, for colour-blind readers too.
const HUES = [[0, 158, 115], [120, 60, 105], [86, 180, 233], [213, 94, 0], [0, 114, 178], [230, 159, 0], [165, 60, 255], [135, 60, 30]];
const SHADES = 64;
const FAINT = 0;
const GREY = 1;
const FIRST = 2; // of the hues or shades
const RING = FIRST + SHADES;
const STRONG = RING + 1;

const mix = (one, other, share) => one.map((value, i) => Math.round(value + (other[i] - value) * share));

function rgb(text, otherwise) {
  const hex = /^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})/i.exec(text.trim());
  if (hex) return hex.slice(1).map((part) => parseInt(part, 16));
  const parts = /rgba?\(([^)]+)\)/.exec(text);
  return parts ? parts[1].split(/[ ,/]+/).slice(0, 3).map(Number) : otherwise;
}

// A strength of 0 to 1 as lightness of a hue.
function shade(hue, strength, theme) {
  if (strength < 0.6) return mix(theme.background, hue, 0.25 + 0.75 * (strength / 0.6));
  return mix(hue, theme.dark ? [255, 255, 255] : [0, 0, 0], ((strength - 0.6) / 0.4) * 0.5);
}

// Colour and opacity of every ink of a side.
function palette(letter, theme, { nominal, faded }, dense) {
  const hue = theme[letter];
  const inks = [];
  inks[FAINT] = [...theme.grey, faded ? 0.2 : 0.28];
  inks[GREY] = [...theme.grey, faded ? 0.42 : 0.55];
  for (let i = 0; i < SHADES; i++) {
    inks[FIRST + i] = nominal
      ? [...(theme.dark ? mix(HUES[i % HUES.length], [255, 255, 255], 0.12) : HUES[i % HUES.length]), dense ? 0.75 : 0.9]
      : [...shade(hue, i / (SHADES - 1), theme), dense ? 0.8 : 0.92];
  }
  inks[STRONG] = [...hue, 0.95];
  inks[RING] = [...hue, 0.8];
  return inks;
}

// Pixels of a disc or ring around its centre: dx, dy, and how much of each is covered.
function stamp(radius, ring) {
  const size = Math.ceil(radius);
  const pixels = [];
  const covered = (d, edge) => Math.max(0, Math.min(1, edge + 0.5 - d));
  for (let dy = -size; dy <= size; dy++) {
    for (let dx = -size; dx <= size; dx++) {
      const d = Math.hypot(dx, dy);
      const hole = ring ? covered(d, Math.max(0.35, radius - ring)) : 0;
      const share = covered(d, radius) - hole;
      if (share > 0.04) pixels.push([dx, dy, share]);
    }
  }
  return pixels;
}

// A shape in one ink, ready to be laid over pixels of 0xAABBGGRR: where each of its pixels is, how much of what lies
// beneath remains (of 256), and what is added to red and blue, and to green.
function brush(shape, [red, green, blue, opacity], width) {
  const made = { at: [], rest: [], redBlue: [], green: [] };
  for (const [dx, dy, share] of shape) {
    const weight = Math.round(256 * share * opacity);
    made.at.push(dy * width + dx);
    made.rest.push(256 - weight);
    made.redBlue.push(((blue << 16) | red) * weight);
    made.green.push((green << 8) * weight);
  }
  return Object.fromEntries(Object.entries(made).map(([name, values]) => [name, Int32Array.from(values, (value) => value | 0)]));
}

// Inks of all points -> a canvas. `view` maps steps to device pixels; inks are drawn in their order.
function plot(context, points, inks, colours, view, radius, theme) {
  const { width, height } = context.canvas;
  const image = context.createImageData(width, height);
  const pixels = new Int32Array(image.data.buffer);
  const [red, green, blue] = theme.background;
  pixels.fill((255 << 24) | (blue << 16) | (green << 8) | red);
  const { order, starts } = byInk(inks);
  const usual = stamp(radius, 0);
  const large = stamp(radius * 1.35, 0);
  const shapes = { [RING]: stamp(radius * 1.35, 1.1 * theme.ratio), [STRONG]: large, [FAINT]: stamp(radius * 0.8, 0) };
  const margin = Math.ceil(radius * 1.5) + 1;
  for (let ink = 0; ink < colours.length; ink++) {
    const some = order.subarray(starts[ink], starts[ink + 1]);
    if (some.length) lay(pixels, width, height, some, points, view, brush(shapes[ink] || usual, colours[ink], width), margin);
  }
  context.putImageData(image, 0, 0);
}

// Some points in one brush. Red and blue are blended in one multiplication, green in another: whole numbers only.
function lay(pixels, width, height, some, { xs, ys }, view, { at, rest, redBlue, green }, margin) {
  const { x: left, y: bottom, perX, perY } = view;
  const [right, low, size] = [width - margin, height - margin, at.length];
  for (let k = 0; k < some.length; k++) {
    const x = (left + xs[some[k]] * perX + 0.5) | 0;
    const y = (bottom - ys[some[k]] * perY + 0.5) | 0;
    if (x < margin || y < margin || x >= right || y >= low) continue;
    const centre = y * width + x;
    for (let p = 0; p < size; p++) {
      const value = pixels[centre + at[p]];
      const both = (Math.imul(value & 0xff00ff, rest[p]) + redBlue[p]) >>> 8;
      const one = (Math.imul(value & 0xff00, rest[p]) + green[p]) >>> 8;
      pixels[centre + at[p]] = 0xff000000 | (both & 0xff00ff) | (one & 0xff00);
    }
  }
}

// Points in the order of their inks, and where each ink begins: faint ones first, what matters on top.
function byInk(inks) {
  const starts = new Uint32Array(257);
  for (let i = 0; i < inks.length; i++) starts[inks[i] + 1]++;
  for (let i = 0; i < 256; i++) starts[i + 1] += starts[i];
  const next = starts.slice();
  const order = new Uint32Array(inks.length);
  for (let i = 0; i < inks.length; i++) order[next[inks[i]]++] = i;
  return { order, starts };
}

// What a selection makes of both maps: ink of each point, how many are selected and matched.
function selectedInks(own, other, region, least) {
  const chosen = own.inside(region);
  const inks = { [own.letter]: new Uint8Array(own.n), [other.letter]: new Uint8Array(other.n) };
  const [here, there] = [inks[own.letter], inks[other.letter]];
  const found = { n: 0, matched: 0 };
  for (let i = 0; i < other.n; i++) there[i] = other.isMatched(i, least) ? GREY : FAINT;
  for (let i = 0; i < own.n; i++) {
    const matched = own.isMatched(i, least);
    here[i] = chosen[i] ? (matched ? STRONG : RING) : matched ? GREY : FAINT;
    found.n += chosen[i];
    found.matched += chosen[i] && matched;
    if (chosen[i] && matched && own.match[i] >= 0) there[own.match[i]] = STRONG;
  }
  return { inks, found };
}

// Clusters of one side, carried to the other by its points' best matches.
function clusterInks(own, other, least) {
  const inks = { [own.letter]: new Uint8Array(own.n), [other.letter]: new Uint8Array(other.n) };
  const ink = (cluster) => (cluster < 0 ? FAINT : cluster < HUES.length ? FIRST + cluster : GREY);
  for (let i = 0; i < own.n; i++) inks[own.letter][i] = ink(own.cluster[i]);
  for (let i = 0; i < other.n; i++) {
    const carried = other.isMatched(i, least) && other.match[i] >= 0;
    inks[other.letter][i] = carried ? ink(own.cluster[other.match[i]]) : FAINT;
  }
  return inks;
}

// What the palest and the strongest shade stand for: 0 and the largest value; on a logarithmic scale all but the
// outermost hundredth at either end, which would leave everything else in between.
function domainOf(values, log) {
  const known = Float32Array.from(values).filter((value) => !Number.isNaN(value) && (!log || value > 0)).sort();
  if (!known.length) return [log ? 0.001 : 0, 1];
  const at = (share) => known[Math.round(share * (known.length - 1))];
  const [low, high] = log ? [at(0.01), at(0.99)] : [0, at(1)];
  return [low, high > low ? high : low + (log ? low : 1)];
}

// Strength of a number of each point of both sides, on one scale.
function valueInks(sides, values, log) {
  const both = new Float32Array(sides.reduce((n, side) => n + side.n, 0));
  sides.reduce((at, side) => (both.set(values[side.letter], at), at + side.n), 0);
  const domain = domainOf(both, log);
  const scale = log ? Math.log : (value) => value;
  const [low, high] = domain.map(scale);
  const inks = {};
  for (const side of sides) {
    const found = values[side.letter];
    inks[side.letter] = new Uint8Array(side.n);
    for (let i = 0; i < side.n; i++) {
      if (Number.isNaN(found[i]) || (log && found[i] <= 0)) continue;
      const strength = Math.max(0, Math.min(1, (scale(found[i]) - low) / (high - low)));
      inks[side.letter][i] = FIRST + Math.round((SHADES - 1) * strength);
    }
  }
  return { inks, domain };
}

function fractions(packed) {
  return Float32Array.from(packed, (value) => (value === UNKNOWN ? NaN : value / 10000));
}
