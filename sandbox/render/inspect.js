// SPDX-License-Identifier: Apache-2.0
/*
 * What is wrong with the slides themselves, whatever is made of them: text beyond the edge, text that its box cuts
 * off, typefaces that are not there.
 */
import { familyState, namesOf } from './families.js';
import { SELECTOR } from './shots.js';

const MOST_OF_A_KIND = 20;
const MOST_FAMILIES = 40;

/* c8 ignore start: runs in the page */
function inspectSlides(selector, most) {
  const TOLERANCE = 2;
  const range = document.createRange();
  const clips = new Map();

  const pathTo = (element, slide) => {
    const steps = [];
    for (let at = element; at && at !== slide; at = at.parentElement) {
      const twins = [...at.parentElement.children].filter((child) => child.tagName === at.tagName);
      steps.unshift(at.id ? `#${CSS.escape(at.id)}` : at.tagName.toLowerCase()
        + (twins.length > 1 ? `:nth-of-type(${twins.indexOf(at) + 1})` : ''));
      if (at.id) return steps.join(' > ');
    }
    return [slide.id ? `#${CSS.escape(slide.id)}` : selector, ...steps].join(' > ');
  };

  /** The nearest of an element and its ancestors that cuts what does not fit, with its box; or null. */
  const clipOf = (element, slide) => {
    const passed = [];
    let found = null;
    for (let at = element; at && at !== slide; at = at.parentElement) {
      if (clips.has(at)) {
        found = clips.get(at);
        break;
      }
      passed.push(at);
      const style = getComputedStyle(at);
      if (style.overflowX === 'visible' && style.overflowY === 'visible') continue;
      found = { element: at, rect: at.getBoundingClientRect() };
      break;
    }
    for (const each of passed) clips.set(each, found);
    return found;
  };

  const beyond = (inner, outer) => Math.round(Math.max(outer.left - inner.left, outer.top - inner.top,
    inner.right - outer.right, inner.bottom - outer.bottom));

  function inspect(slide) {
    const frame = slide.getBoundingClientRect();
    const found = { overflow: [], clipping: [] };
    const families = new Set();
    const walker = document.createTreeWalker(slide, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const node = walker.currentNode;
      const element = node.parentElement;
      if (!/\S/.test(node.data) || /^(?:script|style|template|noscript|title|desc)$/i.test(element.tagName)) continue;
      if (!element.checkVisibility({ opacityProperty: true, visibilityProperty: true })) continue;
      families.add(getComputedStyle(element).fontFamily);
      range.selectNodeContents(node);
      const rect = range.getBoundingClientRect();
      if (rect.width < 1 || rect.height < 1) continue;
      const details = (pixels, where) => ({ pixels, selector: pathTo(where, slide), text: node.data.trim().slice(0, 80) });
      const over = beyond(rect, frame);
      if (over > TOLERANCE) {
        if (found.overflow.length < most) found.overflow.push(details(over, element));
        continue;
      }
      const clip = clipOf(element, slide);
      const cut = clip ? beyond(rect, clip.rect) : 0;
      if (cut <= TOLERANCE) continue;
      const known = found.clipping.find(({ of }) => of === clip.element);
      if (known) known.pixels = Math.max(known.pixels, cut);
      else if (found.clipping.length < most) found.clipping.push({ ...details(cut, clip.element), of: clip.element });
    }
    for (const each of found.clipping) delete each.of;
    return { ...found, families: [...families] };
  }

  const all = [...document.querySelectorAll(selector)].map((slide) => (slide.checkVisibility() ? inspect(slide) : null));
  const loaded = [...document.fonts].map((face) => face.family);
  return { slides: all, loaded };
}
/* c8 ignore stop */

function noteFamilies(slide, stacks, loaded, report) {
  for (const stack of stacks.slice(0, MOST_FAMILIES)) {
    const names = namesOf(stack);
    const there = (name) => loaded.has(name) || familyState(name).state === 'there';
    if (!names.length || there(names[0])) continue;
    const { state, given } = familyState(names[0]);
    if (state === 'substituted') {
      report.warn(slide, 'font-substituted', { message: `${given} instead of ${names[0]}`, font: names[0], given });
    } else {
      const next = names.find(there);
      report.warn(slide, 'font-missing', { message: `no ${names[0]} here${next ? `, ${next} is next` : ''}`, font: names[0], given: next });
    }
  }
}

/**
 * @param {import('./browser.js').Deck} deck
 * @param {import('./shots.js').Slide[]} slides
 */
export async function inspect(deck, slides) {
  const { slides: found, loaded } = await deck.evaluate(inspectSlides, SELECTOR, MOST_OF_A_KIND);
  const faces = new Set(loaded.flatMap(namesOf));
  for (const { number, element } of slides) {
    const { overflow, clipping, families } = found[element - 1] ?? { overflow: [], clipping: [], families: [] };
    for (const each of overflow) {
      deck.report.warn(number, 'overflow', { message: `text reaches ${each.pixels} px beyond the slide`, ...each });
    }
    for (const each of clipping) {
      deck.report.warn(number, 'clipping', { message: `text reaches ${each.pixels} px beyond a box that cuts it off`, ...each });
    }
    noteFamilies(number, families, faces, deck.report);
  }
}
