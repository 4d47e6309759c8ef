// SPDX-License-Identifier: Apache-2.0
/* The native presentation: display list, fonts, package. */
import { extract } from './extract.js';
import { resolveFonts } from './fonts.js';
import { presentation } from './pptx/slide.js';

/** What the page noted, as the report says it. */
function warn(report, slide, { kind, element, reason, url }) {
  if (kind === 'picture') report.warn(slide, 'rasterized', { message: `became a picture: ${reason}`, selector: element, reason });
  if (kind === 'clipped-text') report.warn(slide, 'clipping', { message: 'text is cut off by its box', selector: element });
  if (kind === 'missing-asset') report.warn(slide, 'asset-missing', { message: 'a picture was not there', selector: element, url });
  if (kind === 'lost') report.warn(slide, 'text-lost', { message: 'an element could not be taken over', detail: element });
  if (kind === 'pseudo-element') report.warn(slide, 'text-lost', { message: 'a pseudo element could not be taken over', selector: element });
}

const CANNOT_SEE = /\s/g;

/** Characters of the texts among items. */
function characters(items) {
  const count = (text) => text.paragraphs.flatMap((p) => p.lines.flatMap((line) => line.runs.map((run) => run.text))).join('').replace(CANNOT_SEE, '').length;
  return items.reduce((sum, item) => sum + (item.text ? count(item.text) : 0) + characters(item.items ?? [])
    + (item.cells ?? []).reduce((inCells, cell) => inCells + (cell.text ? count(cell.text) : 0), 0), 0);
}

/**
 * @param {{deck: import('./browser.js').Deck, slides: import('./shots.js').Slide[], report: import('./report.js').Report,
 *   title: string, language: string, file: string}} job
 */
export async function write({ deck, slides, report, title, language, file }) {
  const list = await extract(deck, slides);
  await resolveFonts(deck, list);
  list.slides.forEach(({ warnings, items }, i) => {
    const { number } = slides[i];
    for (const warning of warnings) warn(report, number, warning);
    const editable = characters(items);
    report.text(number, Math.max(slides[i].characters, editable), editable);
  });
  presentation({ ...list, title, language }).write(file);
}
