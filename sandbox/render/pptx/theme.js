// SPDX-License-Identifier: Apache-2.0
import { DECLARATION, escape } from './xml.js';

/** Faces for scripts that the theme's Latin face lacks. */
const SCRIPTS = {
  Jpan: 'Yu Gothic', Hang: 'Malgun Gothic', Hans: 'Microsoft YaHei', Hant: 'Microsoft JhengHei', Arab: 'Arial',
  Hebr: 'Arial', Thai: 'Tahoma', Deva: 'Mangal', Beng: 'Vrinda', Taml: 'Latha', Telu: 'Gautami', Ethi: 'Nyala',
  Khmr: 'DaunPenh', Geor: 'Sylfaen',
};

/** In the order of the schema. */
const COLOURS = {
  dk1: '000000', lt1: 'FFFFFF', dk2: '1F2937', lt2: 'F3F4F6', accent1: '2563EB', accent2: 'EA580C', accent3: '6B7280',
  accent4: 'F59E0B', accent5: '0EA5E9', accent6: '16A34A', hlink: '0563C1', folHlink: '954F72',
};

function fontSet(tag, face) {
  const scripts = Object.entries(SCRIPTS).map(([script, name]) => `<a:font script="${script}" typeface="${name}"/>`);
  return `<a:${tag}><a:latin typeface="${escape(face)}"/><a:ea typeface=""/><a:cs typeface=""/>${scripts.join('')}</a:${tag}>`;
}

/** Fills, lines and effects that no shape of ours refers to but every theme must have three of. */
function formats() {
  const fill = '<a:solidFill><a:schemeClr val="phClr"/></a:solidFill>';
  const line = (width) => `<a:ln w="${width}" cap="flat" cmpd="sng" algn="ctr">${fill}<a:prstDash val="solid"/></a:ln>`;
  const effect = '<a:effectStyle><a:effectLst/></a:effectStyle>';
  return `<a:fmtScheme name="Deck"><a:fillStyleLst>${fill.repeat(3)}</a:fillStyleLst>`
    + `<a:lnStyleLst>${line(6350)}${line(12700)}${line(19050)}</a:lnStyleLst>`
    + `<a:effectStyleLst>${effect.repeat(3)}</a:effectStyleLst>`
    + `<a:bgFillStyleLst>${fill.repeat(3)}</a:bgFillStyleLst></a:fmtScheme>`;
}

/**
 * @param {{major?: string, minor?: string}} [fonts]
 * @param {Partial<typeof COLOURS>} [colours]  RRGGBB
 */
export function theme(fonts = {}, colours = {}) {
  const scheme = Object.entries({ ...COLOURS, ...colours })
    .map(([name, value]) => `<a:${name}><a:srgbClr val="${value}"/></a:${name}>`);
  return `${DECLARATION}<a:theme xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" name="Deck">`
    + `<a:themeElements><a:clrScheme name="Deck">${scheme.join('')}</a:clrScheme>`
    + `<a:fontScheme name="Deck">${fontSet('majorFont', fonts.major ?? 'Arial')}${fontSet('minorFont', fonts.minor ?? 'Arial')}`
    + `</a:fontScheme>${formats()}</a:themeElements><a:objectDefaults/><a:extraClrSchemeLst/></a:theme>`;
}
