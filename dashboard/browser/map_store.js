// Receives packed points (dashboard/map_pack.py) and keeps them for the picture: the server sends them once, and what a
// visitor does afterwards travels without them.

const KEPT = 6;

function unpack(bytes) {
  // A copy, so that every array begins at a multiple of its own size.
  const whole = bytes.slice();
  const start = 4 + new DataView(whole.buffer).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(whole.subarray(4, start)));
  const kinds = { Uint8Array, Uint16Array, Uint32Array, Int16Array, Int32Array, Float32Array };
  for (const [name, [kind, at, length]] of Object.entries(header.columns)) {
    const [side, column] = name.split(".");
    header[side] ??= {};
    header[side][column] = new kinds[kind](whole.buffer, start + at, length);
  }
  return header;
}

export default function ({ data }) {
  const kept = (window.__homologMaps ??= { packs: new Map(), tell: new Set() });
  if (!data || !data.length) return;
  const head = unpack(data);
  if (!kept.packs.has(head.name)) kept.packs.set(head.name, head);
  while (kept.packs.size > KEPT) kept.packs.delete(kept.packs.keys().next().value);
  for (const tell of kept.tell) tell();
}
