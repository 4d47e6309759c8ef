// SPDX-License-Identifier: Apache-2.0
/*
 * A presentation: everything of the package that is not the content of a slide.
 *
 *   const deck = new Presentation({ title: 'Quarter', language: 'en-US' });
 *   const slide = deck.slide('Title Only');                     // or 'Blank'
 *   const id = slide.picture(bytes, 'image/png');               // relationship id for a:blip
 *   const url = slide.hyperlink('https://example.com/');        // the same for a:hlinkClick
 *   slide.write(shapesXml, backgroundXml);                      // once; shape ids start at 2
 *   slide.notes('What to say\nin two paragraphs');
 *   deck.write('presentation.pptx');
 *
 * Anything else a slide refers to (charts, workbooks): deck.package.add/media, then slide.link(REL.chart, name).
 */
import { LAYOUTS, NOTES_PAGE, defaultTextStyle, layout, master, notes, notesMaster, slide as slideXml } from './master.js';
import { Package, REL, TYPE } from './package.js';
import { theme } from './theme.js';
import { DECLARATION, NS, escape } from './xml.js';

/** 13.333 x 7.5 in: a pixel of a slide 1920 wide is 6350 EMU, half a point. */
export const PAGE = { width: 12192000, height: 6858000 };

const PRESENTATION = '/ppt/presentation.xml';
const MASTER = '/ppt/slideMasters/slideMaster1.xml';
const NOTES_MASTER = '/ppt/notesMasters/notesMaster1.xml';
const THEME = '/ppt/theme/theme1.xml';
const layoutName = (i) => `/ppt/slideLayouts/slideLayout${i + 1}.xml`;
const FIRST_SLIDE_ID = 256;

class Slide {
  constructor(deck, number, layoutIndex) {
    this.deck = deck;
    this.number = number;
    this.name = `/ppt/slides/slide${number}.xml`;
    this.link(REL.slideLayout, layoutName(layoutIndex));
    this.write('');
  }

  /** @returns {string} the relationship's id */
  link(type, target, external = false) {
    return this.deck.package.link(this.name, type, target, external);
  }

  /** @param {Buffer | {file: string}} data */
  picture(data, type) {
    return this.link(REL.image, this.deck.package.media(data, type));
  }

  hyperlink(url) {
    return this.link(REL.hyperlink, url, true);
  }

  /**
   * @param {string} shapes        children of p:spTree, ids unique and > 1
   * @param {string} [background]  a whole p:bg
   * @param {string} [rest]        what follows p:clrMapOvr: transition, timing
   */
  write(shapes, background, rest) {
    this.deck.package.add(this.name, TYPE.slide, slideXml(shapes, background, rest));
  }

  notes(text) {
    const pack = this.deck.package;
    this.deck.needNotesMaster();
    const name = pack.add(`/ppt/notesSlides/notesSlide${this.number}.xml`, TYPE.notes, notes(text, this.deck.language));
    pack.link(name, REL.notesMaster, NOTES_MASTER);
    pack.link(name, REL.slide, this.name);
    this.link(REL.notesSlide, name);
  }
}

export class Presentation {
  /**
   * @param {object} [options]
   * @param {string} [options.title]
   * @param {string} [options.language]                        BCP 47
   * @param {{major?: string, minor?: string}} [options.fonts] of the theme
   * @param {object} [options.colours]                         of the theme: dk1, lt1, dk2, lt2, accent1-6, hlink, folHlink
   */
  constructor({ title = '', language = 'en-US', fonts, colours } = {}) {
    this.package = new Package();
    this.language = language;
    this.title = title;
    this.theme = theme(fonts, colours);
    /** @type {Slide[]} */
    this.slides = [];
    /** @type {{name: string, faces: Record<string, string>}[]} */
    this.fonts = [];
    this.addMaster();
  }

  addMaster() {
    const pack = this.package;
    const ids = LAYOUTS.map((each, i) => {
      pack.add(layoutName(i), TYPE.layout, layout(each, PAGE));
      pack.link(layoutName(i), REL.slideMaster, MASTER);
      return pack.link(MASTER, REL.slideLayout, layoutName(i));
    });
    pack.add(THEME, TYPE.theme, this.theme);
    pack.link(MASTER, REL.theme, THEME);
    pack.add(MASTER, TYPE.master, master(PAGE, ids));
    pack.link(PRESENTATION, REL.slideMaster, MASTER);
    pack.link(PRESENTATION, REL.theme, THEME);
  }

  needNotesMaster() {
    const pack = this.package;
    if (pack.parts.has(NOTES_MASTER)) return;
    pack.add(NOTES_MASTER, TYPE.notesMaster, notesMaster());
    pack.link(NOTES_MASTER, REL.theme, pack.add('/ppt/theme/theme2.xml', TYPE.theme, this.theme));
    pack.link(PRESENTATION, REL.notesMaster, NOTES_MASTER);
  }

  /** @param {'Title Only' | 'Blank'} layoutLabel */
  slide(layoutLabel = 'Blank') {
    const index = LAYOUTS.findIndex(({ name }) => name === layoutLabel);
    const slide = new Slide(this, this.slides.length + 1, index);
    this.slides.push(slide);
    return slide;
  }

  /**
   * Embeds a typeface that the deck uses.
   * @param {string} name
   * @param {{regular?: Buffer, bold?: Buffer, italic?: Buffer, boldItalic?: Buffer}} faces  EOT files
   */
  embedFont(name, faces) {
    const ids = {};
    for (const [face, data] of Object.entries(faces)) {
      ids[face] = this.package.link(PRESENTATION, REL.font, this.package.media(data, TYPE.font, '/ppt/fonts'));
    }
    this.fonts.push({ name, faces: ids });
  }

  embeddedFonts() {
    if (!this.fonts.length) return '';
    const fonts = this.fonts.map(({ name, faces }) => {
      const each = ['regular', 'bold', 'italic', 'boldItalic'].filter((face) => faces[face])
        .map((face) => `<p:${face} r:id="${faces[face]}"/>`);
      return `<p:embeddedFont><p:font typeface="${escape(name)}"/>${each.join('')}</p:embeddedFont>`;
    });
    return `<p:embeddedFontLst>${fonts.join('')}</p:embeddedFontLst>`;
  }

  presentationXml() {
    const pack = this.package;
    const masterId = pack.link(PRESENTATION, REL.slideMaster, MASTER);
    const slides = this.slides.map(({ name }, i) => `<p:sldId id="${FIRST_SLIDE_ID + i}" r:id="${pack.link(PRESENTATION, REL.slide, name)}"/>`);
    const notesMasters = pack.parts.has(NOTES_MASTER)
      ? `<p:notesMasterIdLst><p:notesMasterId r:id="${pack.link(PRESENTATION, REL.notesMaster, NOTES_MASTER)}"/></p:notesMasterIdLst>` : '';
    return `${DECLARATION}<p:presentation ${NS} saveSubsetFonts="1" autoCompressPictures="0">`
      + `<p:sldMasterIdLst><p:sldMasterId id="2147483648" r:id="${masterId}"/></p:sldMasterIdLst>${notesMasters}`
      + `<p:sldIdLst>${slides.join('')}</p:sldIdLst><p:sldSz cx="${PAGE.width}" cy="${PAGE.height}"/>`
      + `<p:notesSz cx="${NOTES_PAGE.width}" cy="${NOTES_PAGE.height}"/>${this.embeddedFonts()}${defaultTextStyle()}</p:presentation>`;
  }

  addProperties() {
    const pack = this.package;
    const core = `${DECLARATION}<cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties"`
      + ' xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
      + `<dc:title>${escape(this.title)}</dc:title><dc:language>${escape(this.language)}</dc:language></cp:coreProperties>`;
    const app = `${DECLARATION}<Properties xmlns="http://schemas.openxmlformats.org/officeDocument/2006/extended-properties">`
      + `<PresentationFormat>Widescreen</PresentationFormat><Slides>${this.slides.length}</Slides></Properties>`;
    pack.link('/', REL.officeDocument, PRESENTATION);
    pack.link('/', REL.coreProperties, pack.add('/docProps/core.xml', TYPE.core, core));
    pack.link('/', REL.extendedProperties, pack.add('/docProps/app.xml', TYPE.app, app));
    const views = `${DECLARATION}<p:viewPr ${NS}/>`;
    const tables = `${DECLARATION}<a:tblStyleLst xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" def="{5C22544A-7EE6-4342-B048-85BDC9FD1C3A}"/>`;
    pack.link(PRESENTATION, REL.presProps, pack.add('/ppt/presProps.xml', TYPE.presProps, `${DECLARATION}<p:presentationPr ${NS}/>`));
    pack.link(PRESENTATION, REL.viewProps, pack.add('/ppt/viewProps.xml', TYPE.viewProps, views));
    pack.link(PRESENTATION, REL.tableStyles, pack.add('/ppt/tableStyles.xml', TYPE.tableStyles, tables));
  }

  finish() {
    const xml = this.presentationXml();
    this.package.add(PRESENTATION, TYPE.presentation, xml);
    this.addProperties();
    return this.package;
  }

  bytes() {
    return this.finish().bytes();
  }

  write(file) {
    this.finish().write(file);
  }
}
