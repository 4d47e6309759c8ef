// SPDX-License-Identifier: Apache-2.0
/*
 * Finds the slides and takes a picture of each, one after the other: captures that overlap are wrong.
 * Nothing in the document changes meanwhile.
 */
import fs from 'node:fs';
import path from 'node:path';
import { JobError } from './job.js';

export const SELECTOR = '.slide';

/** Longest side of a capture; beyond it Chromium runs out of surface. */
const MOST_PIXELS = 8192;

/* c8 ignore start: runs in the page */
function findSlides(selector) {
  return [...document.querySelectorAll(selector)].map((element, index) => {
    const { left, top, width, height } = element.getBoundingClientRect();
    const visible = element.checkVisibility() && getComputedStyle(element).visibility === 'visible' && width > 0 && height > 0;
    const heading = element.querySelector('h1, h2, h3');
    const textOf = (of) => of.innerText ?? of.textContent; // SVG has no innerText
    return {
      element: index + 1,
      id: element.id || undefined,
      visible,
      x: left + scrollX,
      y: top + scrollY,
      width,
      height,
      title: visible ? textOf(heading ?? element).trim().replace(/\s+/g, ' ').slice(0, 250) : '',
      characters: visible ? textOf(element).replace(/\s/g, '').length : 0,
    };
  });
}
/* c8 ignore stop */

/**
 * @typedef {object} Slide
 * @property {number} number      from 1, of its preview and its slide
 * @property {number} element     from 1, among all that the selector finds
 * @property {string} [id]
 * @property {number} x           in the document, as y
 * @property {number} y
 * @property {number} width       CSS pixels, as height
 * @property {number} height
 * @property {string} title       its heading, or the beginning of its text
 * @property {number} characters  of its text, without white space
 * @property {string} [file]      of its preview
 */

/** Slides on top of each other show the same picture. */
function noteOverlaps(slides, report) {
  for (let i = 1; i < slides.length; i++) {
    const [a, b] = [slides[i - 1], slides[i]];
    const width = Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x);
    const height = Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y);
    if (width > 0 && height > 0 && width * height > 0.5 * b.width * b.height) {
      report.warn(b.number, 'overlap', { message: `lies on top of slide ${a.number}: slides belong below one another` });
    }
  }
}

/**
 * The slides that can be seen, in the order of the document.
 * @param {import('./browser.js').Deck} deck
 * @param {number} most
 * @returns {Promise<Slide[]>}
 */
export async function locate(deck, most) {
  const all = await deck.evaluate(findSlides, SELECTOR);
  if (!all.length) throw new JobError(`no slide elements found for selector '${SELECTOR}'`);
  const slides = [];
  for (const { visible, ...slide } of all) {
    if (visible) slides.push({ number: slides.length + 1, ...slide });
    else deck.report.warn(null, 'hidden-slide', { message: `element ${slide.element} of '${SELECTOR}' cannot be seen and was left out`, element: slide.element });
  }
  if (!slides.length) throw new JobError(`no visible slide elements found for selector '${SELECTOR}'`);
  if (slides.length > most) throw new JobError(`too many slides rendered (max ${most})`);
  for (const { number, element, id, width, height, characters } of slides) {
    deck.report.addSlide({ slide: number, element, id, width, height });
    deck.report.text(number, characters, 0);
  }
  noteOverlaps(slides, deck.report);
  return slides;
}

/** Adds up what is written. */
export class Budget {
  constructor(most) {
    this.most = most;
    this.used = 0;
  }

  add(label, bytes) {
    this.used += bytes;
    if (this.used > this.most) throw new JobError(`render output exceeds max size of ${this.most} bytes while adding ${label}`);
  }
}

/**
 * Writes slides/slide_001.png...
 * @param {import('./browser.js').Deck} deck
 * @param {Slide[]} slides
 * @param {string} out
 * @param {Budget} budget
 */
export async function capture(deck, slides, out, budget) {
  fs.mkdirSync(path.join(out, 'slides'), { recursive: true });
  for (const slide of slides) {
    const { x, y, width, height } = slide;
    const scale = Math.min(1, MOST_PIXELS / Math.max(width, height));
    if (scale < 1) deck.report.warn(slide.number, 'scaled', { message: `${width} x ${height} pixels are too many`, scale });
    const { data } = await deck.send('Page.captureScreenshot', {
      format: 'png', optimizeForSpeed: true, captureBeyondViewport: true, clip: { x, y, width, height, scale },
    });
    const name = `slides/slide_${String(slide.number).padStart(3, '0')}.png`;
    const bytes = Buffer.from(data, 'base64');
    budget.add(name, bytes.length);
    slide.file = path.join(out, name);
    fs.writeFileSync(slide.file, bytes);
  }
}
