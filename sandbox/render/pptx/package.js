// SPDX-License-Identifier: Apache-2.0
/*
 * An Open Packaging Convention package: parts with a content type, relationships between them,
 * media that is kept once. It knows nothing of slides; see skeleton.js for those.
 *
 *   const pack = new Package();
 *   pack.add('/ppt/x.xml', TYPE.slide, xml);
 *   const id = pack.link('/ppt/x.xml', REL.image, pack.media(bytes, 'image/png'));   // 'rId1'
 *   pack.write('out.pptx');
 *
 * Names of media come from their bytes, parts are written in order of name: same content, same file.
 */
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path/posix';
import { DECLARATION, escape } from './xml.js';
import { zip, zipFile } from './zip.js';

const OFFICE = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships/';
const OPC = 'http://schemas.openxmlformats.org/package/2006/';
const ML = 'application/vnd.openxmlformats-officedocument.';

/** Relationship types by a short name. */
export const REL = Object.fromEntries(['chart', 'extendedProperties', 'font', 'hyperlink', 'image', 'notesMaster',
  'notesSlide', 'officeDocument', 'package', 'presProps', 'slide', 'slideLayout', 'slideMaster', 'tableStyles', 'theme',
  'viewProps'].map((name) => [name, OFFICE + name]));
REL.extendedProperties = `${OFFICE}extended-properties`;
REL.coreProperties = `${OPC}relationships/metadata/core-properties`;

/** Content types of parts by a short name. */
export const TYPE = {
  app: `${ML}extended-properties+xml`,
  chart: `${ML}drawingml.chart+xml`,
  core: 'application/vnd.openxmlformats-package.core-properties+xml',
  font: 'application/x-fontdata',
  layout: `${ML}presentationml.slideLayout+xml`,
  master: `${ML}presentationml.slideMaster+xml`,
  notes: `${ML}presentationml.notesSlide+xml`,
  notesMaster: `${ML}presentationml.notesMaster+xml`,
  presentation: `${ML}presentationml.presentation.main+xml`,
  presProps: `${ML}presentationml.presProps+xml`,
  slide: `${ML}presentationml.slide+xml`,
  tableStyles: `${ML}presentationml.tableStyles+xml`,
  theme: `${ML}theme+xml`,
  viewProps: `${ML}presentationml.viewProps+xml`,
  workbook: `${ML}spreadsheetml.sheet`,
};

/** Types that go by the ending of the name (Default); all others are named one by one (Override). */
const ENDINGS = {
  'image/png': 'png',
  'image/jpeg': 'jpeg',
  'image/gif': 'gif',
  'image/svg+xml': 'svg',
  [TYPE.font]: 'fntdata',
  [TYPE.workbook]: 'xlsx',
};
const COMPRESSED = new Set(['image/png', 'image/jpeg', 'image/gif', TYPE.workbook]);
const RELATIONSHIPS = 'application/vnd.openxmlformats-package.relationships+xml';

/** The name of the part that holds the relationships of another; '/' is the package itself. */
function relationshipsOf(source) {
  return path.join(path.dirname(source), '_rels', `${path.basename(source)}.rels`);
}

export class Package {
  constructor() {
    /** @type {Map<string, {type: string, data: Buffer | string | {file: string}}>} */
    this.parts = new Map();
    /** @type {Map<string, Map<string, {id: string, type: string, target: string, external: boolean}>>} */
    this.links = new Map();
  }

  /**
   * Adds a part, or gives it other content.
   * @param {string} name  absolute, as /ppt/slides/slide1.xml
   * @param {string} type  one of TYPE
   * @param {Buffer | string | {file: string}} data
   * @returns {string} the name
   */
  add(name, type, data) {
    this.parts.set(name, { type, data });
    return name;
  }

  /**
   * Adds bytes under a name made of them, once.
   * @param {Buffer | {file: string}} data
   * @param {string} type  content type: image/png, TYPE.font, TYPE.workbook...
   * @param {string} [folder]
   * @returns {string} the name
   */
  media(data, type, folder = '/ppt/media') {
    const bytes = Buffer.isBuffer(data) ? data : fs.readFileSync(data.file);
    const digest = crypto.createHash('sha256').update(bytes).digest('hex').slice(0, 24);
    const name = `${folder}/${digest}.${ENDINGS[type]}`;
    return this.parts.has(name) ? name : this.add(name, type, data);
  }

  /**
   * Relates a part (or the package, '/') to another part or, externally, to a URL.
   * @returns {string} its id; the same for the same target
   */
  link(source, type, target, external = false) {
    if (!this.links.has(source)) this.links.set(source, new Map());
    const links = this.links.get(source);
    const key = `${type} ${target}`;
    if (!links.has(key)) links.set(key, { id: `rId${links.size + 1}`, type, target, external });
    return links.get(key).id;
  }

  contentTypes() {
    const endings = new Map([['rels', RELATIONSHIPS], ['xml', 'application/xml']]);
    const named = [];
    for (const [name, { type }] of this.parts) {
      if (ENDINGS[type]) endings.set(ENDINGS[type], type);
      else named.push(`<Override PartName="${name}" ContentType="${type}"/>`);
    }
    const defaults = [...endings].map(([ending, type]) => `<Default Extension="${ending}" ContentType="${type}"/>`);
    return `${DECLARATION}<Types xmlns="${OPC}content-types">${defaults.sort().join('')}${named.sort().join('')}</Types>`;
  }

  relationships(source) {
    const all = [...this.links.get(source).values()].map(({ id, type, target, external }) => {
      const where = external ? target : path.relative(path.dirname(source), target);
      return `<Relationship Id="${id}" Type="${type}" Target="${escape(where)}"${external ? ' TargetMode="External"' : ''}/>`;
    });
    return `${DECLARATION}<Relationships xmlns="${OPC}relationships">${all.join('')}</Relationships>`;
  }

  /** @returns {import('./zip.js').Entry[]} what zip() takes, the content types first */
  entries() {
    const all = [];
    for (const [name, { type, data }] of this.parts) {
      all.push({ name: name.slice(1), data, store: COMPRESSED.has(type) });
    }
    for (const source of this.links.keys()) {
      all.push({ name: relationshipsOf(source).slice(1), data: this.relationships(source) });
    }
    all.sort((a, b) => (a.name < b.name ? -1 : 1));
    return [{ name: '[Content_Types].xml', data: this.contentTypes() }, ...all];
  }

  bytes() {
    return zip(this.entries());
  }

  write(file) {
    zipFile(file, this.entries());
  }
}
