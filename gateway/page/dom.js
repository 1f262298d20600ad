/* Elements from descriptions. Text is always text: nothing of the gateway's answers becomes markup. */
const SVG = "http://www.w3.org/2000/svg";

function fill(node, properties, children) {
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "text") node.textContent = value;
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.filter((c) => c !== null && c !== undefined));
  return node;
}

export const el = (name, properties = {}, ...children) => fill(document.createElement(name), properties, children);
export const svg = (name, properties = {}, ...children) => fill(document.createElementNS(SVG, name), properties, children);

/* Changes a text only when it is another: no needless layout each second. */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}
