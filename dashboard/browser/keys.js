// Single keys, wherever no text is being written: / searches, n and p step, a adds to the reading list.
const STEPS = { n: 'a[rel~="next"]', p: 'a[rel~="prev"]', a: "a[data-pairs][data-main]" };

function isWriting(event) {
  const at = event.composedPath()[0];
  return at instanceof HTMLElement && (at.isContentEditable || /^(input|textarea|select)$/i.test(at.tagName));
}

function onKey(event, search) {
  if (event.defaultPrevented || event.metaKey || event.ctrlKey || event.altKey || isWriting(event)) return;
  if (event.key === "/") {
    event.preventDefault();
    search.focus();
    search.select();
  } else if (STEPS[event.key]) {
    const anchor = document.querySelector(`[data-testid="stHtml"] ${STEPS[event.key]}`);
    if (anchor) anchor.click();
  }
}
