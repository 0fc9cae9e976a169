// One side's points: their place in the map's own coordinates, which of them lie where, and what is said of each.

const STEPS = 65535;
const UNKNOWN = -32768;
const CELLS = 128;

class Points {
  constructor(packed, space, letter) {
    Object.assign(this, packed, { space, letter, xs: packed.x, ys: packed.y });
    [this.low, this.high] = [0, 1].map((end) => [packed.range[0][end], packed.range[1][end]]);
    this.index();
  }

  // Points by cells of a square grid, so that hovering looks at few of them.
  index() {
    const { xs, ys, n } = this;
    this.starts = new Uint32Array(CELLS * CELLS + 1);
    const cell = new Uint16Array(n);
    for (let i = 0; i < n; i++) {
      cell[i] = (ys[i] >> 9) * CELLS + (xs[i] >> 9);
      this.starts[cell[i] + 1]++;
    }
    for (let i = 0; i < CELLS * CELLS; i++) this.starts[i + 1] += this.starts[i];
    const next = this.starts.slice();
    this.order = new Uint32Array(n);
    for (let i = 0; i < n; i++) this.order[next[cell[i]]++] = i;
  }

  span(axis) {
    return this.high[axis] - this.low[axis] || 1;
  }

  // Map coordinates -> steps, not rounded.
  steps(value, axis) {
    return ((value - this.low[axis]) / this.span(axis)) * STEPS;
  }

  value(steps, axis) {
    return this.low[axis] + (steps / STEPS) * this.span(axis);
  }

  // The point nearest to a place in steps, no further than `reach` on screen; -1 for none.
  nearest(x, y, perX, perY, reach) {
    const clip = (value) => Math.max(0, Math.min(CELLS - 1, Math.floor(value / 512)));
    let best = -1;
    let least = reach * reach;
    for (let row = clip(y - reach / perY); row <= clip(y + reach / perY); row++) {
      for (let column = clip(x - reach / perX); column <= clip(x + reach / perX); column++) {
        const cell = row * CELLS + column;
        for (let k = this.starts[cell]; k < this.starts[cell + 1]; k++) {
          const i = this.order[k];
          const far = ((this.xs[i] - x) * perX) ** 2 + ((this.ys[i] - y) * perY) ** 2;
          if (far < least) [best, least] = [i, far];
        }
      }
    }
    return best;
  }

  isMatched(i, least) {
    return this.pearson[i] !== UNKNOWN && this.pearson[i] >= least * 10000 - 0.5;
  }

  tokenOf(i) {
    return this.token[i] === 0xffffffff ? "no token" : this.tokens[this.token[i]];
  }

  // bool of each point: inside a region's corners, borders included.
  inside({ x0, y0, x1, y1 }) {
    const found = new Uint8Array(this.n);
    const [left, right] = [this.steps(x0, 0) - 0.5, this.steps(x1, 0) + 0.5];
    const [low, high] = [this.steps(y0, 1) - 0.5, this.steps(y1, 1) + 0.5];
    for (let i = 0; i < this.n; i++) {
      found[i] = this.xs[i] >= left && this.xs[i] <= right && this.ys[i] >= low && this.ys[i] <= high;
    }
    return found;
  }
}

function parseRegion(text) {
  const found = /^([ab]):([^,]+),([^,]+),([^,]+),([^,]+)$/.exec(text || "");
  if (!found) return null;
  const [x0, y0, x1, y1] = found.slice(2).map(Number);
  return { side: found[1], x0, y0, x1, y1 };
}

// Rounded to about a thousandth of the map: what the link says is what is drawn.
function roundRegion(side, corners, points) {
  const round = (value, axis) => {
    const digits = Math.max(0, Math.min(3, 3 - Math.floor(Math.log10(points.span(axis)))));
    return Number(value.toFixed(digits));
  };
  const [x0, x1] = [corners.x0, corners.x1].map((v) => round(v, 0)).sort((p, q) => p - q);
  const [y0, y1] = [corners.y0, corners.y1].map((v) => round(v, 1)).sort((p, q) => p - q);
  return x1 > x0 && y1 > y0 ? { side, x0, y0, x1, y1 } : null;
}

function regionText({ side, x0, y0, x1, y1 }) {
  return `${side}:${[x0, y0, x1, y1].map((value) => String(Number(value.toFixed(3)) + 0)).join(",")}`;
}

// .78, −.05, 1.00
function decimal(value, digits = 2) {
  const text = Math.abs(value).toFixed(digits).replace(/^0\./, ".");
  return value < 0 && Number(text) ? `−${text}` : text;
}

function percent(value) {
  const share = 100 * value;
  if (share === 0) return "0 %";
  if (share < 0.01) return "< .01 %";
  return share >= 10 ? `${share.toFixed(0)} %` : `${Number(share.toPrecision(2))} %`;
}

function count(value) {
  return value.toLocaleString("en-US");
}
