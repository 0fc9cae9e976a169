// Plain links inside st.html change the page without a reload; back and forward work as for any other link.
function go(address) {
  window.history.pushState({}, "", address);
  window.dispatchEvent(new PopStateEvent("popstate"));
  const main = document.querySelector('[data-testid="stMain"]');
  if (main) main.scrollTo(0, 0);
}

function isPlain(event) {
  return event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
}

function route(event) {
  const anchor = event.target.closest && event.target.closest('[data-testid="stHtml"] a[href]');
  if (!anchor || anchor.target || !isPlain(event)) return;
  const address = new URL(anchor.href);
  if (address.origin !== window.location.origin) return;
  event.preventDefault();
  if (anchor.dataset.pairs) tray.toggle(anchor.dataset.pairs.split(","));
  else go(address);
}
