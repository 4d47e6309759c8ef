// SPDX-License-Identifier: Apache-2.0
/*
 * report.json: what a deck's author should know, for machines. Members are only ever added.
 *
 *   {
 *     "schema": 1,
 *     "version": "v1" | "v2",
 *     "slides": [{
 *       "slide": 1,                      number of its preview and of its slide in the presentation
 *       "element": 1,                    number among all elements of the selector, hidden ones counted
 *       "id": "intro",                   of the element, if it has one
 *       "width": 1920, "height": 1080,   CSS pixels
 *       "text": {"characters": 420, "editable": 420}   without white space; editable is 0 in v1
 *     }],
 *     "warnings": [{
 *       "kind": "overflow",              one of KINDS
 *       "slide": 1 | null,               null: of the whole deck
 *       "message": "...",                for people
 *       "selector": "#intro > p",        optional: a CSS path to the element
 *       "url": "...", "font": "...", ...  optional details of the kind
 *     }],
 *     "omitted": 0                       warnings beyond the first MOST
 *   }
 */

const SCHEMA = 1;
const MOST = 500;
const MOST_CHARACTERS = 300;

/** Every kind of warning, and what it means. */
export const KINDS = {
  'asset-blocked': 'a request to somewhere else was refused',
  'asset-missing': 'a file of the deck was asked for that was not sent',
  'asset-version': 'a library came in another version than asked for',
  'capability-blocked': 'the page asked for something that slides may not use',
  'clipping': 'text is cut off by its box',
  'font-missing': 'a typeface was not there; another one was taken',
  'font-substituted': 'a typeface was replaced by one of the same metrics',
  'hidden-slide': 'a slide could not be seen and was left out',
  'overflow': 'content reaches beyond the edge of its slide',
  'overlap': 'a slide lies on top of another one',
  'rasterized': 'an element became a picture',
  'scaled': 'a slide was too large to be captured at its size',
  'script-error': 'a script of the page failed',
  'text-lost': 'text is not text in the presentation',
  'unsettled': 'the page still changed when it was captured',
};

const short = (value) => (typeof value === 'string' && value.length > MOST_CHARACTERS ? `${value.slice(0, MOST_CHARACTERS)}…` : value);

export class Report {
  /** @param {'v1' | 'v2'} version */
  constructor(version) {
    this.version = version;
    this.slides = [];
    /** @type {Map<string, object>} */
    this.warnings = new Map();
    this.omitted = 0;
  }

  /**
   * Notes something, once.
   * @param {number | null} slide  its number, from 1
   * @param {keyof typeof KINDS} kind
   * @param {{message: string, selector?: string, url?: string}} details  and more of the kind
   */
  warn(slide, kind, details) {
    if (!KINDS[kind]) throw new Error(`report: no kind ${kind}`);
    const warning = { kind, slide };
    for (const [name, value] of Object.entries(details)) {
      if (value !== undefined) warning[name] = short(value);
    }
    const key = JSON.stringify(warning);
    if (this.warnings.has(key)) return;
    if (this.warnings.size < MOST) this.warnings.set(key, warning);
    else this.omitted++;
  }

  /** @param {{slide: number, element: number, id?: string, width: number, height: number}} slide */
  addSlide(slide) {
    this.slides.push(slide);
  }

  /** How much of a slide's text can be edited, in characters without white space. */
  text(slide, characters, editable) {
    this.slides[slide - 1].text = { characters, editable };
  }

  get count() {
    return this.warnings.size + this.omitted;
  }

  toJSON() {
    // What comes over the network comes in any order.
    const ordered = [...this.warnings].sort(([a, { slide: s }], [b, { slide: t }]) => (s ?? 0) - (t ?? 0) || (a < b ? -1 : 1));
    return {
      schema: SCHEMA,
      version: this.version,
      slides: this.slides,
      warnings: ordered.map(([, warning]) => warning),
      omitted: this.omitted,
    };
  }
}
