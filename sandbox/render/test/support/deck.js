// SPDX-License-Identifier: Apache-2.0
/* Small display lists for tests. */

export const STYLE = {
  family: 'Arial', weight: 400, italic: false, size: 40, color: [0, 0, 0, 1], spacing: 0, underline: false, strike: false, lang: 'en',
  faces: { latin: 'Arial', ea: 'Arial', cs: 'Arial' },
};

export function deck(items, rest = {}) {
  const slide = { width: 1920, height: 1080, background: null, notes: '', items, warnings: [] };
  return { title: 'Deck', language: 'en', slides: [slide], styles: [STYLE], media: {}, ...rest };
}

export function shape(rest = {}) {
  return { kind: 'shape', x: 10, y: 20, w: 100, h: 50, geometry: { type: 'rect' }, fill: { type: 'solid', color: [255, 0, 0, 1] }, ...rest };
}

/** Lines of text from baseline 100 on, 50 px apart. */
export function textLines(...texts) {
  return texts.map((text, i) => ({ x: 100, w: text.length * 20, baseline: 100 + 50 * i, size: 40, broken: false, runs: [{ text, style: 0 }] }));
}

export function textItem(...texts) {
  const paragraphs = [{ align: 'l', rtl: false, lines: textLines(...texts) }];
  return { kind: 'text', x: 100, y: 60, w: 500, h: 50 * texts.length, text: { paragraphs, box: { x: 100, y: 60, w: 500, h: 50 * texts.length } } };
}
