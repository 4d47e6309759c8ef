// SPDX-License-Identifier: Apache-2.0
/*
 * The pieces of text of an inline formatting context, each with its rectangle: whole words where a word is in one piece,
 * graphemes where a line breaks in it. What has no rectangle is not shown and not emitted: that gives collapsed white
 * space, hidden text and line breaks without knowing their rules.
 */

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });
const range = document.createRange();
const BREAKS_ANYWHERE = /[\u2e80-\ua4cf\uac00-\ud7af\uf900-\ufaff\uff00-\uff60]/;

function rectsOf(node, start, end) {
  range.setStart(node, start);
  range.setEnd(node, end);
  return [...range.getClientRects()].filter((r) => r.width > 0 || r.height > 0);
}

function transform(text, how) {
  if (how === 'uppercase') return text.toUpperCase();
  if (how === 'lowercase') return text.toLowerCase();
  if (how === 'capitalize') return text.replace(/^(\P{L}*)(\p{L})/u, (_, head, first) => head + first.toUpperCase());
  return text;
}

function place(rect) {
  return { left: rect.left - page.origin.x, right: rect.right - page.origin.x, top: rect.top - page.origin.y, bottom: rect.bottom - page.origin.y };
}

/** A word that is broken: neighbours on the same line stay together. */
function brokenWord(node, start, text, emit) {
  let last = null;
  for (const { segment, index } of graphemes.segment(text)) {
    const [rect] = rectsOf(node, start + index, start + index + segment.length);
    if (!rect) continue;
    const at = place(rect);
    if (last && Math.abs(last.at.top - at.top) < 2 && Math.abs(last.at.right - at.left) < 1) {
      last.text += segment;
      last.at.right = at.right;
      last.at.bottom = at.bottom;
    } else {
      if (last) emit(last.text, last.at);
      last = { text: segment, at };
    }
  }
  if (last) emit(last.text, last.at);
}

/**
 * Emits the fragments of one text node into out.
 * @param {Text} node
 * @param {Element} el   whose style it has
 * @param {object[]} out
 */
page.textFragments = function textFragments(node, el, out) {
  const style = page.css(el);
  if (style.visibility !== 'visible') return;
  const text = node.data;
  const keeps = /^(pre|break-spaces)/.test(style.whiteSpace) && style.whiteSpace !== 'pre-line' || style.whiteSpaceCollapse === 'preserve';
  const lines = keeps || style.whiteSpace === 'pre-line' || style.whiteSpaceCollapse === 'preserve-breaks';
  const emit = (raw, at) => {
    const shown = transform(raw.replace(/[\u00ad\u200b\u2060\ufeff]/g, ''), style.textTransform);
    if (shown) out.push({ type: 'word', text: shown, el, ...at });
  };
  for (const { 0: token, index } of text.matchAll(/[ \t\n\r\f]+|[^ \t\n\r\f]+/g)) {
    if (/^[ \t\n\r\f]/.test(token)) {
      space(node, index, token, { el, keeps, lines, style }, out);
      continue;
    }
    const rects = rectsOf(node, index, index + token.length);
    if (rects.length === 1) emit(token, place(rects[0]));
    else if (rects.length) brokenWord(node, index, token, emit);
  }
};

function space(node, index, token, { el, keeps, lines, style }, out) {
  if (!keeps && !(lines && token.includes('\n'))) {
    const rect = rectsOf(node, index, index + token.length).find((r) => r.width > 0 || r.height > 0 && style.writingMode !== 'horizontal-tb');
    if (rect && rect.width > 0) out.push({ type: 'space', text: ' ', el, ...place(rect) });
    else out.push({ type: 'gone', el });
    return;
  }
  for (const { 0: part, index: at } of token.matchAll(/\n|[^\n]+/g)) {
    if (part === '\n') {
      out.push({ type: 'break', el });
    } else if (keeps) {
      const [rect] = rectsOf(node, index + at, index + at + part.length);
      if (!rect || rect.width === 0) continue;
      const count = part.includes('\t') ? Math.round(rect.width / page.textWidth(' ', style)) : part.length;
      out.push({ type: 'space', text: ' '.repeat(count), el, ...place(rect), kept: true });
    }
  }
}

/** Turns the page by a quarter, so that vertical text reads as lines from left to right. */
page.upright = function upright(fragments, box) {
  const cx = box.x + box.w / 2;
  const cy = box.y + box.h / 2;
  for (const f of fragments) {
    if (f.left === undefined) continue;
    const { left, right, top, bottom } = f;
    Object.assign(f, { left: cx + (top - cy), right: cx + (bottom - cy), top: cy - (right - cx), bottom: cy - (left - cx) });
  }
};

function baselineOf(f) {
  const { ascent, descent } = page.fontMetrics(page.css(f.el));
  const up = Math.round(ascent);
  return f.top + up + (f.bottom - f.top - up - Math.round(descent)) / 2;
}

/**
 * Sorts fragments into lines.
 * @returns {{frags: object[], baseline: number, size: number, broken: boolean, blank: number}[]}
 */
page.lines = function lines(fragments) {
  const all = [];
  let line = null;
  let forced = 0;
  let gone = false;
  for (const f of fragments) {
    if (f.type === 'break') {
      forced++;
      continue;
    }
    if (f.type === 'gone') {
      gone = true;
      continue;
    }
    const size = page.px(page.css(f.el).fontSize);
    const centre = (f.top + f.bottom) / 2;
    const below = line && centre > line.centre + Math.max(0.4 * line.size, 0.3 * size);
    const above = line && f.bottom < line.frags[0].top; // the next column
    if (!line || below || above) {
      if (f.type === 'space' && !f.kept) {
        gone = true;
        continue;
      }
      if (line) Object.assign(line, { broken: forced > 0, blank: Math.max(0, forced - 1), spaced: gone });
      line = { frags: [], baseline: 0, size: 0, centre, broken: false, blank: 0 };
      all.push(line);
      forced = 0;
    }
    gone = f.type === 'space';
    line.frags.push(f);
    if (f.type === 'word' || f.kept) weigh(line, f, size, centre);
  }
  return all.filter((l) => l.size > 0);
};

/** The largest text of a line says where the line is. */
function weigh(line, f, size, centre) {
  f.script = page.scriptOf(f.el);
  if (f.script && line.size) return;
  if (size > line.size || line.onlyScript) {
    Object.assign(line, { size, centre, baseline: baselineOf(f), onlyScript: Boolean(f.script) });
  }
}

/** How wide the first unbreakable piece of a line is. */
page.firstWord = function firstWord(line) {
  const [first] = line.frags;
  if (BREAKS_ANYWHERE.test(first.text[0])) return line.size;
  let { left, right } = first;
  for (const f of line.frags.slice(1)) {
    if (f.type !== 'word') break;
    left = Math.min(left, f.left);
    right = Math.max(right, f.right);
  }
  return right - left;
};

/** What text-overflow: ellipsis leaves of the fragments of a container. */
page.ellipsis = function ellipsis(fragments, style, box) {
  const limit = box.x + box.w;
  if (style.textOverflow !== 'ellipsis' || style.overflowX === 'visible' || !fragments.some((f) => f.right > limit + 1)) return fragments;
  const room = limit - page.textWidth('…', style);
  const kept = [];
  let cut = false;
  for (const f of fragments) {
    if (f.right === undefined || f.right <= room) {
      if (!cut) kept.push(f);
      continue;
    }
    if (cut) continue;
    cut = true;
    const chars = [...f.text];
    const count = Math.max(0, Math.floor(chars.length * (room - f.left) / (f.right - f.left)));
    kept.push({ ...f, type: 'word', text: `${chars.slice(0, count).join('')}…`, right: limit });
  }
  return kept;
};
