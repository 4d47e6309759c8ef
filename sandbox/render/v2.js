// SPDX-License-Identifier: Apache-2.0
/* The native presentation: display list, fonts, package. */
import { extract } from './extract.js';
import { resolveFonts } from './fonts.js';
import { presentation } from './pptx/slide.js';

/**
 * @param {{deck: import('./browser.js').Deck, slides: import('./shots.js').Slide[], report: import('./report.js').Report,
 *   title: string, language: string, file: string}} job
 */
export async function write({ deck, slides, report, title, language, file }) {
  const list = await extract(deck, slides);
  await resolveFonts(deck, list);
  presentation({ ...list, title, language }).write(file);
}
