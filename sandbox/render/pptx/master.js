// SPDX-License-Identifier: Apache-2.0
/*
 * The slide master, its two layouts (Title Only, Blank) and the notes master: text only, no relationships.
 * They paint nothing, so that a slide looks as its own shapes say.
 */
import { DECLARATION, NS, escape } from './xml.js';

export const GROUP = '<p:nvGrpSpPr><p:cNvPr id="1" name=""/><p:cNvGrpSpPr/><p:nvPr/></p:nvGrpSpPr>'
  + '<p:grpSpPr><a:xfrm><a:off x="0" y="0"/><a:ext cx="0" cy="0"/><a:chOff x="0" y="0"/><a:chExt cx="0" cy="0"/></a:xfrm></p:grpSpPr>';

const WHITE = '<p:bg><p:bgPr><a:solidFill><a:schemeClr val="bg1"/></a:solidFill><a:effectLst/></p:bgPr></p:bg>';
const COLOUR_MAP = '<p:clrMap bg1="lt1" tx1="dk1" bg2="lt2" tx2="dk2" accent1="accent1" accent2="accent2" accent3="accent3"'
  + ' accent4="accent4" accent5="accent5" accent6="accent6" hlink="hlink" folHlink="folHlink"/>';
const SAME_COLOURS = '<p:clrMapOvr><a:masterClrMapping/></p:clrMapOvr>';

/** A placeholder with sample text, at a share of the page. */
function placeholder(id, name, ph, text, page, [left, top, width, height]) {
  const x = Math.round(page.width * left);
  const y = Math.round(page.height * top);
  const cx = Math.round(page.width * width);
  const cy = Math.round(page.height * height);
  return `<p:sp><p:nvSpPr><p:cNvPr id="${id}" name="${name}"/><p:cNvSpPr><a:spLocks noGrp="1"/></p:cNvSpPr><p:nvPr><p:ph ${ph}/></p:nvPr></p:nvSpPr>`
    + `<p:spPr><a:xfrm><a:off x="${x}" y="${y}"/><a:ext cx="${cx}" cy="${cy}"/></a:xfrm><a:prstGeom prst="rect"><a:avLst/></a:prstGeom></p:spPr>`
    + `<p:txBody><a:bodyPr vert="horz" lIns="91440" tIns="45720" rIns="91440" bIns="45720" rtlCol="0" anchor="ctr"><a:normAutofit/></a:bodyPr>`
    + `<a:lstStyle/><a:p><a:r><a:rPr lang="en-US"/><a:t>${text}</a:t></a:r></a:p></p:txBody></p:sp>`;
}

const title = (page) => placeholder(2, 'Title', 'type="title"', 'Title', page, [0.05, 0.05, 0.9, 0.16]);

function levels(tag, size, face, indent) {
  let all = '';
  for (let level = 1; level <= 9; level++) {
    all += `<a:${tag.replace('N', level)} marL="${indent * (level - 1)}" algn="l" defTabSz="914400" rtl="0" eaLnBrk="1" latinLnBrk="0" hangingPunct="1">`
      + `<a:defRPr sz="${size}" kern="1200"><a:solidFill><a:schemeClr val="tx1"/></a:solidFill>`
      + `<a:latin typeface="+${face}-lt"/><a:ea typeface="+${face}-ea"/><a:cs typeface="+${face}-cs"/></a:defRPr></a:${tag.replace('N', level)}>`;
  }
  return all;
}

/** What presentation.xml says of text outside placeholders. */
export const defaultTextStyle = () => `<p:defaultTextStyle>${levels('lvlNpPr', 1800, 'mn', 457200)}</p:defaultTextStyle>`;

function cSld(name, background, shapes) {
  return `<p:cSld${name && ` name="${name}"`}>${background}<p:spTree>${GROUP}${shapes}</p:spTree></p:cSld>`;
}

/**
 * @param {{width: number, height: number}} page  in EMU
 * @param {string[]} layoutIds                    relationship ids of the layouts
 */
export function master(page, layoutIds) {
  const ids = layoutIds.map((id, i) => `<p:sldLayoutId id="${2147483649 + i}" r:id="${id}"/>`).join('');
  const body = placeholder(3, 'Text', 'type="body" idx="1"', 'Text', page, [0.05, 0.25, 0.9, 0.65]);
  const titleLevel = levels('lvlNpPr', 4400, 'mj', 0).match(/<a:lvl1pPr.*?<\/a:lvl1pPr>/)[0];
  return `${DECLARATION}<p:sldMaster ${NS}>${cSld('', WHITE, title(page) + body)}${COLOUR_MAP}`
    + `<p:sldLayoutIdLst>${ids}</p:sldLayoutIdLst><p:txStyles><p:titleStyle>${titleLevel}</p:titleStyle>`
    + `<p:bodyStyle>${levels('lvlNpPr', 2000, 'mn', 457200)}</p:bodyStyle>`
    + `<p:otherStyle>${levels('lvlNpPr', 1800, 'mn', 457200)}</p:otherStyle></p:txStyles></p:sldMaster>`;
}

export const LAYOUTS = [
  { name: 'Title Only', type: 'titleOnly', shapes: title },
  { name: 'Blank', type: 'blank', shapes: () => '' },
];

export function layout({ name, type, shapes }, page) {
  return `${DECLARATION}<p:sldLayout ${NS} type="${type}" preserve="1">${cSld(name, '', shapes(page))}${SAME_COLOURS}</p:sldLayout>`;
}

/** A slide around its shapes: background is '' or a whole p:bg. */
export function slide(shapes, background = '', rest = '') {
  return `${DECLARATION}<p:sld ${NS}>${cSld('', background, shapes)}${SAME_COLOURS}${rest}</p:sld>`;
}

export const NOTES_PAGE = { width: 6858000, height: 9144000 };

const notesImage = (empty) => '<p:sp><p:nvSpPr><p:cNvPr id="2" name="Slide Image"/><p:cNvSpPr><a:spLocks noGrp="1" noRot="1" noChangeAspect="1"/></p:cNvSpPr>'
  + '<p:nvPr><p:ph type="sldImg"/></p:nvPr></p:nvSpPr>'
  + (empty ? '<p:spPr/>' : '<p:spPr><a:xfrm><a:off x="685800" y="1143000"/><a:ext cx="5486400" cy="3086100"/></a:xfrm>'
    + '<a:prstGeom prst="rect"><a:avLst/></a:prstGeom></p:spPr>')
  + '<p:txBody><a:bodyPr/><a:lstStyle/><a:p><a:endParaRPr lang="en-US"/></a:p></p:txBody></p:sp>';

export function notesMaster() {
  const body = placeholder(3, 'Notes', 'type="body" sz="quarter" idx="1"', 'Notes', NOTES_PAGE, [0.1, 0.48, 0.8, 0.4])
    .replace('anchor="ctr"', 'anchor="t"');
  return `${DECLARATION}<p:notesMaster ${NS}>${cSld('', WHITE, notesImage(false) + body)}${COLOUR_MAP}`
    + `<p:notesStyle>${levels('lvlNpPr', 1200, 'mn', 457200)}</p:notesStyle></p:notesMaster>`;
}

/** Notes of one slide, a paragraph for each line. */
export function notes(text, language) {
  const paragraphs = text.split('\n').map((line) => (line
    ? `<a:p><a:r><a:rPr lang="${escape(language)}"/><a:t>${escape(line)}</a:t></a:r></a:p>`
    : `<a:p><a:endParaRPr lang="${escape(language)}"/></a:p>`));
  const body = '<p:sp><p:nvSpPr><p:cNvPr id="3" name="Notes"/><p:cNvSpPr><a:spLocks noGrp="1"/></p:cNvSpPr><p:nvPr><p:ph type="body" idx="1"/></p:nvPr></p:nvSpPr>'
    + `<p:spPr/><p:txBody><a:bodyPr/><a:lstStyle/>${paragraphs.join('')}</p:txBody></p:sp>`;
  return `${DECLARATION}<p:notes ${NS}>${cSld('', '', notesImage(true) + body)}${SAME_COLOURS}</p:notes>`;
}
