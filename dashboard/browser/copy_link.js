export default function ({ data, parentElement }) {
  const button = parentElement.querySelector("button");
  const link = new URL(data.href, window.location.href).toString();
  button.title = link;
  button.onclick = async () => {
    try {
      await navigator.clipboard.writeText(link);
    } catch {
      // Pages served over plain http have no clipboard: let the visitor copy by hand.
      window.prompt("Copy this link", link);
      return;
    }
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy link"; }, 1500);
  };
}
