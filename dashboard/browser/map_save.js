// Both maps as one picture on white, as they are seen: names, points, the region's frame, the legend.

const PRINT = 3; // pixels of the picture for one of the page
const [EDGE, GAP, HEAD, LINE] = [12, 16, 28, 22];

function pictured(drawing) {
  const theme = { ...drawing.data.hues, background: [255, 255, 255], dark: false, ratio: PRINT };
  const shown = drawing.shown(theme);
  const { clientWidth: width, clientHeight: height } = drawing.canvas.a;
  const family = getComputedStyle(drawing.root).fontFamily;
  const made = element("canvas");
  const ink = made.getContext("2d");
  const wide = 2 * EDGE + 2 * width + GAP;
  const lines = laid(shown.legend(), ink, `12px ${family}`, wide - 2 * EDGE);
  made.width = Math.round(wide * PRINT);
  made.height = Math.round((2 * EDGE + HEAD + height + 8 + LINE * lines.length) * PRINT);
  ink.fillStyle = "#ffffff";
  ink.fillRect(0, 0, made.width, made.height);
  ink.scale(PRINT, PRINT);
  ["a", "b"].forEach((letter, i) => {
    const left = EDGE + i * (width + GAP);
    titled(ink, drawing, letter, left, family);
    const map = element("canvas");
    [map.width, map.height] = [width, height].map((one) => Math.round(one * PRINT));
    drawing.plotted(letter, map, shown, theme);
    ink.drawImage(map, left, EDGE + HEAD, width, height);
    ink.strokeStyle = "rgba(140,140,150,.5)";
    ink.strokeRect(left + 0.5, EDGE + HEAD + 0.5, width - 1, height - 1);
    if (drawing.region?.side === letter) framed(ink, drawing, left, EDGE + HEAD, width, height);
  });
  lines.forEach((line, i) => line.forEach((item) => item.draw(EDGE + item.x, EDGE + HEAD + height + 8 + LINE * (i + 0.6))));
  return new Promise((done) => made.toBlob(done, "image/png"));
}

function titled(ink, drawing, letter, left, family) {
  const side = drawing.sides[letter];
  const name = `${letter.toUpperCase()} ${side.space}`;
  ink.fillStyle = "#1c2230";
  ink.font = `600 13px ${family}`;
  ink.fillText(name, left, EDGE + 13);
  const end = ink.measureText(name).width;
  ink.fillStyle = css(drawing.data.hues[letter]);
  ink.fillRect(left, EDGE + 17, end, 2);
  ink.fillStyle = "#5b5f6a";
  ink.font = `11px ${family}`;
  ink.fillText(`${count(side.n)} features · ${drawing.data.about[letter]}`, left + end + 10, EDGE + 13);
}

function framed(ink, drawing, left, top, width, height) {
  const { side, x0, y0, x1, y1 } = drawing.region;
  const [points, view] = [drawing.sides[side], drawing.placed(side)];
  const at = (x, y) => [view.x + points.steps(x, 0) * view.perX, view.y - points.steps(y, 1) * view.perY];
  const [[x, low], [right, y]] = [at(x0, y0), at(x1, y1)];
  ink.save();
  ink.beginPath();
  ink.rect(left, top, width, height);
  ink.clip();
  ink.strokeStyle = "#1c2230";
  ink.setLineDash([4, 3]);
  ink.strokeRect(left + x, top + y, right - x, low - y);
  ink.restore();
}

// The legend's items in lines that fit, each with its place and how it is drawn.
function laid(items, ink, font, width) {
  const lines = [[]];
  let x = 0;
  ink.font = font;
  for (const item of items) {
    const [dot, text] = [item.querySelector("i"), item.textContent];
    const mark = dot ? (dot.className === "ramp" ? 104 : 11) : 0;
    const size = mark + (mark && 6) + ink.measureText(text).width;
    if (x && x + size > width) {
      lines.push([]);
      x = 0;
    }
    lines[lines.length - 1].push({ x, draw: (left, middle) => drawn(ink, font, dot, mark, text, left, middle) });
    x += size + 18;
  }
  return lines;
}

function drawn(ink, font, dot, mark, text, left, middle) {
  const colours = dot ? (dot.style.background || dot.style.border).match(/rgba?\([^)]*\)/g) : [];
  if (dot?.className === "ramp") {
    const shades = ink.createLinearGradient(left, 0, left + mark, 0);
    colours.forEach((colour, i) => shades.addColorStop(i / (colours.length - 1), colour));
    ink.fillStyle = shades;
    ink.fillRect(left, middle - 5, mark, 10);
  } else if (dot) {
    ink.beginPath();
    ink.arc(left + 5.5, middle, dot.style.border ? 4.5 : 5.5, 0, 2 * Math.PI);
    [ink.fillStyle, ink.strokeStyle, ink.lineWidth] = [colours[0], colours[0], 2];
    if (dot.style.border) ink.stroke();
    else ink.fill();
    ink.lineWidth = 1;
  }
  ink.font = font;
  ink.fillStyle = "#3a3f4b";
  ink.fillText(text, left + mark + (mark && 6), middle + 4);
}
