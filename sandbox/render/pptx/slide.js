// SPDX-License-Identifier: Apache-2.0
/* A presentation from a display list: each item by the writer of its kind. */
import { chartFrameXml } from './chart.js';
import { Frame } from './frame.js';
import { fillXml } from './paint.js';
import { groupXml, pictureXml, shapeXml, textXml } from './shapes.js';
import { Presentation } from './skeleton.js';
import { tableXml } from './table.js';

const WRITERS = {
  shape: shapeXml,
  text: textXml,
  picture: pictureXml,
  table: tableXml,
  group: (item, context) => groupXml(item, context, itemXml),
  chart: chartFrameXml,
};

function itemXml(item, context) {
  return WRITERS[item.kind](item, context);
}

const LINKS = /^(https?|mailto|tel|ftp):/i;

/** What writers need of the slide they write on. */
function contextOf(deck, list, page) {
  let id = 1;
  let charts = 0;
  let title = true;
  return {
    frame: new Frame(list.width, list.height),
    styles: deck.styles,
    page,
    nextId: () => ++id,
    nextChart: () => ++charts,
    takeTitle: () => [title, title = false][0],
    link: (url) => (LINKS.test(url) && url.length < 2000 ? page.hyperlink(url) : ''),
    picture(key, svgKey) {
      const media = deck.media[key];
      if (!media) return null;
      const svg = media.svg ?? (svgKey && deck.media[svgKey]?.bytes);
      return { id: page.picture(media.bytes, media.type), svg: svg && page.picture(svg, 'image/svg+xml') };
    },
  };
}

function backgroundXml(fill) {
  return fill ? `<p:bg><p:bgPr>${fillXml(fill)}<a:effectLst/></p:bgPr></p:bg>` : '';
}

const hasTitle = (items) => items.some((i) => i.title || i.items && hasTitle(i.items));

/** The faces that most of the text has: those of the theme. */
function themeFonts(deck) {
  const counts = new Map();
  for (const { faces, size } of deck.styles) counts.set(faces?.latin, (counts.get(faces?.latin) ?? 0) + size);
  const [minor] = [...counts].filter(([name]) => name).sort((a, b) => b[1] - a[1])[0] ?? ['Arial'];
  return { major: minor, minor };
}

/**
 * @param {object} deck  a Deck of displaylist.js, media as bytes, faces filled in
 * @returns {Presentation}
 */
export function presentation(deck) {
  const result = new Presentation({ title: deck.title, language: deck.language, fonts: themeFonts(deck) });
  for (const list of deck.slides) {
    const page = result.slide(hasTitle(list.items) ? 'Title Only' : 'Blank');
    const context = contextOf(deck, list, page);
    page.write(list.items.map((item) => itemXml(item, context)).join(''), backgroundXml(list.background));
    if (list.notes) page.notes(list.notes);
  }
  return result;
}
