// A chart of the page -> a file: the SVG that is drawn, or a PNG of it, on white whatever the theme.

const SVG = "http://www.w3.org/2000/svg";
const SCALE = 3; // of a PNG's pixels, for print
const NEUTRAL = 48; // most that red, green and blue differ by in what the theme colours: text, ticks, grid

// The theme's own inks turned from light on dark to dark on light; the colours of the data stay.
function mirrored(context, ink) {
  context.fillStyle = "#000";
  context.fillStyle = ink;
  const hex = /^#(..)(..)(..)$/.exec(context.fillStyle);
  const parts = hex ? hex.slice(1).map((one) => parseInt(one, 16)) : context.fillStyle.match(/[\d.]+/g).map(Number);
  const rgb = parts.slice(0, 3);
  if (Math.max(...rgb) - Math.min(...rgb) > NEUTRAL) return ink;
  return `rgba(${rgb.map((one) => 255 - one).join(",")},${parts[3] ?? 1})`;
}

// A copy that stands alone: sized, on white, its words as wide as they are here whatever font there is elsewhere.
function standalone(svg, dark) {
  const copy = svg.cloneNode(true);
  const context = document.createElement("canvas").getContext("2d");
  const own = [...svg.querySelectorAll("text")];
  copy.querySelectorAll("text").forEach((text, i) => {
    const length = own[i].getComputedTextLength();
    if (length > 0) for (const [name, value] of [["textLength", length.toFixed(1)], ["lengthAdjust", "spacingAndGlyphs"]]) text.setAttribute(name, value);
  });
  for (const one of copy.querySelectorAll("*")) {
    for (const name of ["aria-label", "aria-roledescription", "role"]) one.removeAttribute(name);
    for (const name of dark ? ["fill", "stroke"] : []) {
      const ink = one.getAttribute(name);
      if (ink && !["none", "transparent"].includes(ink) && !ink.startsWith("url(")) one.setAttribute(name, mirrored(context, ink));
    }
  }
  const paper = document.createElementNS(SVG, "rect");
  for (const [name, value] of [["width", "100%"], ["height", "100%"], ["fill", "#ffffff"]]) paper.setAttribute(name, value);
  copy.prepend(paper);
  copy.removeAttribute("style");
  return new Blob([new XMLSerializer().serializeToString(copy)], { type: "image/svg+xml" });
}

async function rastered(blob, width, height) {
  const image = new Image();
  image.src = URL.createObjectURL(blob);
  await image.decode();
  URL.revokeObjectURL(image.src);
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [width * SCALE, height * SCALE];
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise((done) => canvas.toBlob(done, "image/png"));
}

function save(blob, name) {
  const anchor = document.createElement("a");
  anchor.href = URL.createObjectURL(blob);
  anchor.download = name;
  anchor.click();
  setTimeout(() => URL.revokeObjectURL(anchor.href), 10000);
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
      const drawn = standalone(svg, isDark(parentElement.firstElementChild));
      const kind = button.dataset.kind;
      save(kind === "svg" ? drawn : await rastered(drawn, width, height), `${data.name}.${kind}`);
    };
  }
}
