// A chart of the page -> a file: the SVG that is drawn, or a PNG of it, on white whatever the theme.

const SVG = "http://www.w3.org/2000/svg";
const SCALE = 3; // of a PNG's pixels, for print
const MARGIN = 10;
const NEUTRAL = 48; // most that red, green and blue differ by in what the theme colours: text, ticks, grid

// The theme's own inks turned from light on dark to dark on light; the colours of the data stay.
function mirrored(context, ink) {
  if (ink.toLowerCase() === "currentcolor") return "#000"; // as dark as text is on paper
  context.fillStyle = "#000";
  context.fillStyle = ink;
  const hex = /^#(..)(..)(..)$/.exec(context.fillStyle);
  const parts = hex ? hex.slice(1).map((one) => parseInt(one, 16)) : context.fillStyle.match(/[\d.]+/g).map(Number);
  const rgb = parts.slice(0, 3);
  if (Math.max(...rgb) - Math.min(...rgb) > NEUTRAL) return ink;
  const turn = 255 - (2 * (rgb[0] + rgb[1] + rgb[2])) / 3;
  return `rgba(${rgb.map((one) => Math.round(Math.max(0, Math.min(255, one + turn)))).join(",")},${parts[3] ?? 1})`;
}

// A copy that stands alone: on white, its words as wide as they are here whatever font there is elsewhere.
function standalone(svg, width, height, dark) {
  const copy = svg.cloneNode(true);
  const context = document.createElement("canvas").getContext("2d");
  const own = [...svg.querySelectorAll("text")];
  copy.querySelectorAll("text").forEach((text, i) => {
    const length = own[i].getComputedTextLength();
    if (length > 0) set(text, { textLength: length.toFixed(1), lengthAdjust: "spacingAndGlyphs" });
  });
  for (const one of copy.querySelectorAll("*")) {
    for (const name of ["aria-label", "aria-roledescription", "role"]) one.removeAttribute(name);
    for (const name of dark ? ["fill", "stroke"] : []) {
      const ink = one.getAttribute(name);
      if (ink && !["none", "transparent"].includes(ink) && !ink.startsWith("url(")) one.setAttribute(name, mirrored(context, ink));
    }
  }
  const box = { width: width + 2 * MARGIN, height: height + 2 * MARGIN };
  const paper = document.createElementNS(SVG, "rect");
  set(paper, { x: -MARGIN, y: -MARGIN, ...box, fill: "#ffffff" });
  copy.prepend(paper);
  copy.removeAttribute("style");
  set(copy, { ...box, viewBox: `${-MARGIN} ${-MARGIN} ${box.width} ${box.height}` });
  return new Blob([new XMLSerializer().serializeToString(copy)], { type: "image/svg+xml" });
}

function set(element, values) {
  for (const [name, value] of Object.entries(values)) element.setAttribute(name, value);
}

async function rastered(blob, width, height) {
  const image = new Image();
  image.src = URL.createObjectURL(blob);
  await image.decode();
  URL.revokeObjectURL(image.src);
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [width, height].map((one) => Math.round((one + 2 * MARGIN) * SCALE));
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise((done) => canvas.toBlob(done, "image/png"));
}

function isDark(element) {
  const probe = document.createElement("canvas").getContext("2d");
  probe.fillStyle = getComputedStyle(element).getPropertyValue("--st-background-color").trim() || "#fff";
  return parseInt(probe.fillStyle.slice(1, 3), 16) < 128;
}

export default function ({ data, parentElement }) {
  for (const button of parentElement.querySelectorAll("button")) {
    button.onclick = async () => {
      const svg = document.querySelector(`.st-key-${CSS.escape(data.box)} [data-testid="stVegaLiteChart"] svg`);
      if (!svg) return;
      const { width, height } = svg.getBoundingClientRect();
      const drawn = standalone(svg, width, height, isDark(parentElement.firstElementChild));
      const kind = button.dataset.kind;
      save(kind === "svg" ? drawn : await rastered(drawn, width, height), `${data.name}.${kind}`);
    };
  }
}
