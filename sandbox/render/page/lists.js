// SPDX-License-Identifier: Apache-2.0
/*
 * Lists: one text of a paragraph per item, with real bullets and numbers, where items are nothing but text and lists.
 * Other items (with a background, a border, flex children...) become texts of their own with their bullet.
 */

const CHARS = { disc: '•', circle: '◦', square: '▪', 'disclosure-closed': '▸', 'disclosure-open': '▾' };
const NUMBERS = {
  decimal: 'arabicPeriod', 'decimal-leading-zero': 'arabicPeriod', 'lower-alpha': 'alphaLcPeriod', 'lower-latin': 'alphaLcPeriod',
  'upper-alpha': 'alphaUcPeriod', 'upper-latin': 'alphaUcPeriod', 'lower-roman': 'romanLcPeriod', 'upper-roman': 'romanUcPeriod',
};
const MARKER_PADDING = 8;

/** The marker of a list item as a Bullet, or null. */
page.bulletOf = function bulletOf(li, number, state) {
  const style = page.css(li);
  if (style.display !== 'list-item') return null;
  const marker = getComputedStyle(li, '::marker');
  const type = style.listStyleType;
  const color = page.fade(page.color(marker.color), state.opacity);
  const size = page.px(marker.fontSize) / page.px(style.fontSize) || 1;
  const content = /^"(.*)"$/s.exec(marker.content)?.[1] ?? /^"(.*)"$/s.exec(type)?.[1];
  if (content !== undefined) return content.trim() ? { char: content.trim(), color, size, room: page.textWidth(content, marker) } : null;
  if (type === 'none' || style.listStyleImage !== 'none') return null;
  const { ascent } = page.fontMetrics(style);
  if (CHARS[type]) {
    // Chromium paints its own disc, a little larger than that of most fonts.
    return { char: CHARS[type], color, size: size * (type === 'square' ? 1 : 1.15), font: 'Arial', room: Math.round(ascent * 2 / 3) + MARKER_PADDING - 1 };
  }
  const text = `${page.counterText(number, type)}. `;
  return { number: NUMBERS[type] ?? 'arabicPeriod', start: number, color, size, room: page.textWidth(text, marker) };
};

/** The number of an item among its siblings. */
page.itemNumber = function itemNumber(li) {
  const list = li.parentElement;
  const items = [...list.children].filter((c) => page.css(c).display === 'list-item');
  const reversed = list.reversed ? -1 : 1;
  let n = list.tagName === 'OL' && list.hasAttribute('start') ? list.start : list.reversed ? items.length : 1;
  for (const item of items) {
    if (item.hasAttribute('value')) n = item.value;
    if (item === li) return n;
    n += reversed;
  }
  return n;
};

const isList = (el) => el.tagName === 'UL' || el.tagName === 'OL';

/** Is an element no more than its text: no box of its own, nothing moved? */
function bare(el) {
  const s = page.css(el);
  return s.backgroundImage === 'none' && page.color(s.backgroundColor)[3] === 0 && s.boxShadow === 'none' && s.position === 'static'
    && s.float === 'none' && s.opacity === '1' && s.transform === 'none' && s.columnCount === 'auto' && s.filter === 'none'
    && ['Top', 'Right', 'Bottom', 'Left'].every((side) => page.px(s[`border${side}Width`]) === 0);
}

/** The parts of an item: the nodes of its own line, then nested lists; null when there is more to it. */
function partsOf(li) {
  const style = page.css(li);
  if (style.display !== 'list-item' || !bare(li) || style.listStylePosition === 'inside') return null;
  const own = [];
  const nested = [];
  for (const node of page.kids(li)) {
    if (node.nodeType === Node.TEXT_NODE) {
      if (nested.length && node.data.trim()) return null;
      own.push(node);
    } else if (node.nodeType === Node.ELEMENT_NODE && !page.ignored(node)) {
      if (isList(node) && bare(node)) nested.push(node);
      else if (nested.length || !simple(node, style.display)) return null;
      else own.push(node);
    }
  }
  return own.some((n) => n.textContent.trim()) ? { own, nested } : null;
}

/** Inline content that a paragraph can hold: no pictures, nothing placed. */
function simple(node, display) {
  if (!page.isInline(node, display) || page.replaced(node) || page.css(node).display !== 'inline' && node.tagName !== 'BR') return false;
  return [...node.children].every((child) => page.ignored(child) || simple(child, 'inline'));
}

/** Items of a list and of those in it, or null when one of them is more than text. */
function collect(list, level, all) {
  if (page.css(list).display !== 'block') return null;
  for (const li of list.children) {
    if (page.ignored(li)) continue;
    const parts = li.tagName === 'LI' ? partsOf(li) : null;
    if (!parts) return null;
    all.push({ li, level, own: parts.own });
    for (const inner of parts.nested) if (!collect(inner, level + 1, all)) return null;
  }
  return all;
}

/** Paragraphs of a list; shapes behind words go to items. */
function paragraphs(entries, state, items) {
  return entries.map(({ li, level, own }) => {
    const fragments = [];
    const states = new Map();
    page.gatherText(own, li, page.inherit(li, state), fragments, states, items);
    const p = page.paragraph(fragments, li, (el) => states.get(el));
    if (!p) return null;
    const bullet = page.bulletOf(li, page.itemNumber(li), state);
    return { ...p, level, ...(bullet && { bullet }) };
  });
}

/** Lines of one column, each below the one before. */
function inOrder(all) {
  return all.every((p, i) => !i || p.lines[0].baseline > all[i - 1].lines.at(-1).baseline + 2);
}

/**
 * Takes a whole list as one text.
 * @returns {boolean} false: walk it as any other element
 */
page.list = function list(el, style, state, flow) {
  if (el.tagName === 'LI' || el.tagName === 'SUMMARY') return loneItem(el, style, state, flow);
  if (!isList(el) || style.direction === 'rtl' || style.writingMode !== 'horizontal-tb') return false;
  const entries = collect(el, 0, []);
  if (!entries || entries.length < 1 || !bare(el) && style.columnCount !== 'auto') return false;
  const items = [];
  const all = paragraphs(entries, state, items);
  if (!all.length || all.includes(null) || all.some((p) => p.rtl) || !inOrder(all)) return false;
  const lines = all.flatMap((p) => p.lines);
  if (!page.linesShown(lines, state.clip)) return false;
  flow.inline.push(...items, { kind: 'text', ...page.extent(lines), text: { paragraphs: all, box: page.contentBox(el) }, clip: state.clip });
  return true;
};

/** An item that is more than text: its first text gets the bullet. */
function loneItem(li, style, state, flow) {
  const bullet = page.bulletOf(li, page.itemNumber(li), state);
  if (!bullet || page.bulleted.has(li)) return false;
  page.bulleted.add(li);
  const start = flow.inline.length;
  page.descend(li, state, flow);
  const first = flow.inline.slice(start).find((item) => item.kind === 'text' && !item.text.paragraphs[0].bullet);
  if (first) first.text.paragraphs[0].bullet = bullet;
  return true;
}
page.bulleted = new Set();
