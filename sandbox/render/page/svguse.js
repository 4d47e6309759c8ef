// SPDX-License-Identifier: Apache-2.0
/*
 * <use> replaced by what it shows: a copy where it stands, which can be drawn, styled and written like any other element.
 */

const SVG = 'http://www.w3.org/2000/svg';
/** Copies of copies of copies come to an end: more shapes than that are a picture. */
const MOST = 200;
const MOST_ELEMENTS = 600;
const PLACE = new Set(['href', 'xlink:href', 'x', 'y', 'width', 'height', 'transform']);
/** What style sheets may say of a use by its name, and its content inherits. */
const INHERITED = ['fill', 'stroke', 'strokeWidth', 'color', 'opacity', 'visibility'];

const amount = (el, name) => Number.parseFloat(el.getAttribute(name)) || 0;

/** The content of a symbol or SVG as a viewport of its own; anything else as it is. */
function copyOf(target, use) {
  const copy = target.cloneNode(true);
  for (const el of [copy, ...copy.querySelectorAll('[id]')]) el.removeAttribute('id');
  if (!/^(symbol|svg)$/.test(target.localName)) return copy;
  const port = document.createElementNS(SVG, 'svg');
  for (const { name, value } of copy.attributes) port.setAttribute(name, value);
  for (const name of ['width', 'height']) {
    const given = use.getAttribute(name);
    if (given) port.setAttribute(name, given);
    else if (target.localName === 'symbol' && !port.hasAttribute(name)) port.setAttribute(name, '100%');
  }
  port.append(...copy.childNodes);
  return port;
}

function holderOf(use) {
  const holder = document.createElementNS(SVG, 'g');
  for (const { name, value } of use.attributes) if (!PLACE.has(name)) holder.setAttribute(name, value);
  const style = getComputedStyle(use);
  const above = getComputedStyle(use.parentElement);
  for (const name of INHERITED) if (style[name] !== above[name]) holder.style[name] = style[name];
  const moves = `${use.getAttribute('transform') ?? ''} translate(${amount(use, 'x')} ${amount(use, 'y')})`;
  holder.setAttribute('transform', moves.trim());
  return holder;
}

/** @param {SVGSVGElement} svg */
page.expandUses = function expandUses(svg) {
  let elements = 0;
  for (let count = 0; count < MOST; count++) {
    const use = svg.querySelector('use:not([data-deck-kept], clipPath *)'); // a clip path may hold no group
    if (!use) return;
    const href = use.getAttribute('href') ?? use.getAttribute('xlink:href') ?? '';
    const target = href.startsWith('#') && document.getElementById(href.slice(1));
    elements += target ? target.querySelectorAll('*').length + 1 : 0;
    if (elements > MOST_ELEMENTS) return;
    if (!target || target.contains(use) || target.namespaceURI !== SVG) {
      use.setAttribute('data-deck-kept', '');
      continue;
    }
    const holder = holderOf(use);
    holder.append(copyOf(target, use));
    use.replaceWith(holder);
  }
};
