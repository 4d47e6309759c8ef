// SPDX-License-Identifier: Apache-2.0
/*
 * An SVG of the page as a file of its own: what style sheets say is written into its elements, what it takes from other
 * SVGs of the page comes along. PowerPoint shows such a file as it is, and can make shapes of it.
 */

const SVG = 'http://www.w3.org/2000/svg';
const MOST = 1_000_000;
/** Inherited ones are written where they differ from the parent's, others where they are not what they are at first. */
const INHERITED = ['fill', 'fill-opacity', 'fill-rule', 'stroke', 'stroke-width', 'stroke-opacity', 'stroke-dasharray', 'stroke-dashoffset',
  'stroke-linecap', 'stroke-linejoin', 'stroke-miterlimit', 'color', 'visibility', 'font-family', 'font-size', 'font-weight', 'font-style', 'letter-spacing',
  'text-anchor', 'dominant-baseline', 'clip-rule', 'marker-start', 'marker-mid', 'marker-end', 'paint-order'];
const OWN = ['opacity', 'display', 'filter', 'mask', 'clip-path', 'stop-color', 'stop-opacity', 'flood-color', 'flood-opacity', 'mix-blend-mode'];
const OF_THE_WHOLE = new Set(['opacity', 'display', 'filter', 'mask', 'clip-path', 'mix-blend-mode', 'visibility']);
const INITIAL = /^(none|normal|1|inline|block)$/;
const OF_ONE = { 'stop-color': /^stop$/, 'stop-opacity': /^stop$/, 'flood-color': /^fe/, 'flood-opacity': /^fe/ };

/** References inside the page lose the address before the sign, and quotes. */
const local = (value) => value.replace(/url\(["']?[^"'#)]*#([^"')]+)["']?\)/g, 'url(#$1)');

/** Writes what style sheets say of an element into its copy; the picture has no sheets. */
function writeStyle(el, copy, root) {
  const style = getComputedStyle(el);
  const above = !root && getComputedStyle(el.parentElement);
  for (const name of INHERITED) {
    const value = style.getPropertyValue(name);
    if (root && OF_THE_WHOLE.has(name)) copy.removeAttribute(name);
    else if (!above || above.getPropertyValue(name) !== value || copy.hasAttribute(name)) copy.setAttribute(name, local(value));
  }
  for (const name of OWN) {
    const value = style.getPropertyValue(name);
    if (root && OF_THE_WHOLE.has(name) || INITIAL.test(value) || OF_ONE[name]?.test(el.localName) === false) copy.removeAttribute(name);
    else copy.setAttribute(name, local(value));
  }
  copy.removeAttribute('class');
  copy.removeAttribute('style');
}

/** Moved by a style sheet: about another point than an attribute would. */
const movedByStyle = (el) => !el.hasAttribute('transform') && getComputedStyle(el).transform !== 'none';

function* references(el) {
  for (const { name, value } of el.attributes) {
    if (/(^|:)href$/.test(name) && value.startsWith('#')) yield value.slice(1);
    for (const [, id] of value.matchAll(/url\(["']?#([^"')]+)["']?\)/g)) yield id;
  }
}

/** Copies what the drawing refers to outside of itself. */
function bringAlong(svg, copy) {
  const defs = document.createElementNS(SVG, 'defs');
  const done = new Set();
  for (let found = true; found;) {
    found = false;
    const wanted = [copy, ...copy.querySelectorAll('*'), ...defs.querySelectorAll('*')].flatMap((el) => [...references(el)]);
    for (const id of wanted) {
      const el = !done.has(id) && document.getElementById(id);
      done.add(id);
      if (!el || svg.contains(el) || el.namespaceURI !== SVG) continue;
      defs.append(styled(el));
      found = true;
    }
  }
  if (defs.childNodes.length) copy.prepend(defs);
}

function styled(el, root = false) {
  const copy = el.cloneNode(true);
  const [from, to] = [[el, ...el.querySelectorAll('*')], [copy, ...copy.querySelectorAll('*')]];
  from.forEach((each, i) => writeStyle(each, to[i], root && i === 0));
  for (const each of copy.querySelectorAll('script, style, foreignObject, animate, animateTransform, animateMotion, set')) each.remove();
  for (const each of to) for (const { name } of [...each.attributes]) if (/^on|^data-|^aria-|^xmlns:/.test(name)) each.removeAttribute(name);
  return copy;
}

/** Pictures must be in the file; those that are not would be lost. */
function pictures(copy) {
  return [...copy.querySelectorAll('image, feImage')].every((image) => /^data:image\/(png|jpeg|gif);/.test(image.getAttribute('href') ?? image.getAttribute('xlink:href') ?? ''));
}

/**
 * @param {SVGSVGElement} svg
 * @returns {string | null} null where a file would not show the same
 */
page.svgSource = function svgSource(svg) {
  if (svg.querySelector('foreignObject') || [...svg.querySelectorAll('*')].some(movedByStyle)) return null;
  const { w, h } = page.rect(svg);
  const copy = styled(svg, true);
  if (!pictures(copy)) return null;
  bringAlong(svg, copy);
  if (!copy.hasAttribute('viewBox')) copy.setAttribute('viewBox', `0 0 ${w} ${h}`);
  copy.setAttribute('width', String(w));
  copy.setAttribute('height', String(h));
  const text = new XMLSerializer().serializeToString(copy);
  return text.length <= MOST ? text : null;
};
