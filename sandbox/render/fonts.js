// SPDX-License-Identifier: Apache-2.0
/*
 * Which typefaces the browser really used. For each font of the display list and each script (and each single symbol)
 * one hidden probe says it. Runs are split where the face changes, so that nobody has to guess a fallback.
 */

/** Faces of the same widths that Office has. */
const OFFICE = new Map(Object.entries({
  'Liberation Sans': 'Arial', 'Liberation Serif': 'Times New Roman', 'Liberation Mono': 'Courier New',
  'DejaVu Sans Mono': 'Courier New', Carlito: 'Calibri', Caladea: 'Cambria', Gelasio: 'Georgia', 'Noto Color Emoji': 'Segoe UI Emoji',
}));

const CLASSES = [
  ['emoji', /(?:\p{Regional_Indicator}{2}|\p{Emoji_Presentation}|\p{Emoji}\ufe0f)(?:[\ufe0f\u{1f3fb}-\u{1f3ff}]|\u200d\p{Emoji}\ufe0f?)*/u],
  ['kana', /[\p{sc=Hira}\p{sc=Kana}\p{sc=Han}\u3000-\u303f\uff00-\uffef]+/u],
  ['hangul', /\p{sc=Hang}+/u],
  ['arabic', /\p{sc=Arab}+/u],
  ['hebrew', /\p{sc=Hebr}+/u],
  ['thai', /\p{sc=Thai}+/u],
  ['devanagari', /\p{sc=Deva}+/u],
  ['greek', /[\p{sc=Grek}]+/u],
  ['cyrillic', /[\p{sc=Cyrl}]+/u],
  ['other', /[\p{L}\p{M}]+/u],
  ['symbol', /[^\u0000-\u024f\u2010-\u2027\u2030-\u203a\u20ac\u2122]/u],
];
const PLAIN = /^[\u0000-\u024f\u1e00-\u1eff\u2010-\u2027\u2030-\u203a\u20ac\u2122]+/;
const MOST_PROBES = 400;

/** Pieces of a text that may need a face of their own: [{ text, kind }]; 'latin' is the ordinary one. */
export function pieces(text) {
  const all = [];
  for (let rest = text; rest;) {
    const plain = PLAIN.exec(rest);
    let kind = 'latin';
    let piece = plain?.[0];
    if (!piece) {
      for (const [name, pattern] of CLASSES) {
        const found = new RegExp(`^(?:${pattern.source})`, 'u').exec(rest);
        if (!found) continue;
        [kind, piece] = [name, found[0]];
        break;
      }
      piece ??= String.fromCodePoint(rest.codePointAt(0));
    }
    rest = rest.slice(piece.length);
    if (all.at(-1)?.kind === kind) all.at(-1).text += piece;
    else all.push({ kind, text: piece });
  }
  return all;
}

function* textsOf(items) {
  for (const item of items) {
    if (item.text) yield item.text;
    if (item.items) yield* textsOf(item.items);
    for (const cell of item.cells ?? []) if (cell.text) yield cell.text;
  }
}

function* linesOf(deck) {
  for (const slide of deck.slides) for (const text of textsOf(slide.items)) for (const p of text.paragraphs) yield* p.lines;
}

const fontKey = ({ family, weight, italic, lang }, kind) => JSON.stringify([family, weight, italic, kind === 'kana' ? lang : '']);

/** Every probe that the deck needs, by key. */
function probesOf(deck) {
  const probes = new Map();
  const add = (style, kind, text) => {
    const key = `${fontKey(style, kind)} ${kind}${kind === 'symbol' ? text : ''}`;
    if (!probes.has(key) && probes.size < MOST_PROBES) {
      probes.set(key, { key, text: '', family: style.family, weight: style.weight, italic: style.italic, lang: kind === 'kana' ? style.lang : '' });
    }
    const probe = probes.get(key);
    if (probe && probe.text.length < 40 && !probe.text.includes(text)) probe.text += text;
  };
  for (const style of deck.styles) add(style, 'latin', 'Hamburg');
  for (const line of linesOf(deck)) {
    for (const run of line.runs) {
      for (const piece of pieces(run.text)) {
        if (piece.kind === 'symbol') for (const sign of piece.text) add(deck.styles[run.style], piece.kind, sign);
        else if (piece.kind !== 'latin') add(deck.styles[run.style], piece.kind, piece.text.slice(0, 20));
      }
    }
  }
  return probes;
}

/* c8 ignore start: runs in the page */
function putProbes(probes) {
  const holder = document.createElement('div');
  holder.id = 'deck-probes';
  holder.style.cssText = 'all:initial;position:absolute;left:0;top:0;white-space:pre';
  for (const { text, family, weight, italic, lang } of probes) {
    const el = document.createElement('span');
    el.style.cssText = 'position:absolute;left:0;top:0;visibility:hidden;font-size:20px';
    Object.assign(el.style, { fontFamily: family, fontWeight: weight, fontStyle: italic ? 'italic' : 'normal' });
    if (lang) el.lang = lang;
    el.textContent = text;
    holder.append(el);
  }
  document.body.append(holder);
  return holder.offsetWidth; // laid out
}

function removeProbes() {
  document.getElementById('deck-probes').remove();
}
/* c8 ignore stop */

async function measure(deck, probes) {
  await deck.evaluate(putProbes, probes);
  await deck.send('DOM.enable');
  await deck.send('CSS.enable');
  const { root } = await deck.send('DOM.getDocument', { depth: 0 });
  const { nodeIds } = await deck.send('DOM.querySelectorAll', { nodeId: root.nodeId, selector: '#deck-probes > span' });
  const found = await Promise.all(nodeIds.map((nodeId) => deck.send('CSS.getPlatformFontsForNode', { nodeId })));
  await deck.evaluate(removeProbes);
  return found.map(({ fonts }) => fonts.sort((a, b) => b.glyphCount - a.glyphCount || (a.familyName < b.familyName ? -1 : 1))[0]);
}

/** The name to write for a face. */
export function officeName(font, family) {
  if (!font) return firstFamily(family);
  if (font.isCustomFont) return firstFamily(family) || font.familyName;
  return OFFICE.get(font.familyName) ?? font.familyName;
}

export function firstFamily(family) {
  return /^\s*["']?([^"',]+)/.exec(family)?.[1].trim() ?? '';
}

/** Gives each piece that has another face than its style a run of its own. */
function splitRuns(line, styles, nameOf) {
  line.runs = line.runs.flatMap((run) => {
    const style = styles[run.style];
    const parts = [];
    for (const { kind, text } of pieces(run.text)) {
      for (const part of kind === 'symbol' ? [...text] : [text]) {
        const name = kind === 'latin' ? style.faces.latin : nameOf(style, kind, part) ?? style.faces.latin;
        const last = parts.at(-1);
        if (last?.name === name || last && !part.trim()) last.text += part;
        else parts.push({ name, text: part });
      }
    }
    return parts.map(({ name, text }, i) => ({
      text, style: run.style, ...(i === parts.length - 1 && run.gap !== undefined && { gap: run.gap }),
      ...(name !== style.faces.latin && { faces: { latin: name, ea: name, cs: name } }),
    }));
  });
}

/**
 * Fills in the faces of all styles, and splits runs.
 * @param {import('./browser.js').Deck} deck  the page
 * @param {object} list                       a Deck of displaylist.js
 * @returns {Promise<Map<string, string>>} what was asked for -> what was there
 */
export async function resolveFonts(deck, list) {
  const probes = [...probesOf(list).values()];
  const fonts = await measure(deck, probes);
  const names = new Map(probes.map((probe, i) => [probe.key, officeName(fonts[i], probe.family)]));
  const nameOf = (style, kind, sign = '') => names.get(`${fontKey(style, kind)} ${kind}${kind === 'symbol' ? sign : ''}`);
  for (const style of list.styles) {
    const latin = nameOf(style, 'latin') ?? firstFamily(style.family);
    style.faces = { latin, ea: latin, cs: latin };
  }
  for (const line of linesOf(list)) splitRuns(line, list.styles, nameOf);
  const used = new Map();
  probes.forEach((probe, i) => fonts[i] && used.set(firstFamily(probe.family), fonts[i].familyName));
  return used;
}
