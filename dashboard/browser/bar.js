// On top of every page: search, the reading list, the keys. What is listened to on the document is registered once.
// Streamlit's own button on a table of answers writes texts that a spreadsheet runs as formulas; ours does not.
function hideRawFiles() {
  for (const button of document.querySelectorAll('[data-testid="stDataFrame"] [aria-label^="Download as CSV"]'))
    button.style.display = "none";
}

function listen() {
  if (window.__homologListens) return;
  window.__homologListens = true;
  document.addEventListener("click", route);
  document.addEventListener("keydown", (event) => onKey(event, window.__homologSearch));
  window.addEventListener("storage", () => window.dispatchEvent(new Event("homolog-tray")));
  window.addEventListener("homolog-tray", () => {
    tray.read();
    tray.mark();
  });
  new MutationObserver(() => {
    tray.mark();
    hideRawFiles();
  }).observe(document.body, { childList: true, subtree: true });
}

export default function ({ data, parentElement, setTriggerValue }) {
  const find = (what) => parentElement.querySelector(what);
  const search = find("input"), list = find(".list");
  tray.store = data.store || "";
  tray.read();
  window.__homologSearch = search;
  listen();
  find(".bar").hidden = !data.store;
  find("datalist").replaceChildren(...(data.names || []).map((name) => new Option(name)));
  find("form").onsubmit = (event) => {
    event.preventDefault();
    if (search.value.trim()) setTriggerValue("searched", search.value);
    search.blur();
  };
  const count = () => {
    const n = tray.kept.length;
    list.textContent = n ? `Reading list · ${n}` : "Reading list";
    list.title = n ? "Opens the pairs that you collected; its address is the list" : "Collect pairs with + beside them";
    list.classList.toggle("empty", !n);
    list.href = tray.address();
  };
  list.onclick = (event) => {
    if (!isPlain(event)) return;
    event.preventDefault();
    go(new URL(list.href));
  };
  count();
  tray.mark();
  window.addEventListener("homolog-tray", count);
  return () => window.removeEventListener("homolog-tray", count);
}
