// SPDX-License-Identifier: Apache-2.0
/* CSS counters, which computed styles name but do not count. */

const ROMAN = [[1000, 'm'], [900, 'cm'], [500, 'd'], [400, 'cd'], [100, 'c'], [90, 'xc'], [50, 'l'], [40, 'xl'], [10, 'x'], [9, 'ix'], [5, 'v'], [4, 'iv'], [1, 'i']];

function roman(n) {
  let text = '';
  for (const [value, letters] of ROMAN) {
    while (n >= value) {
      text += letters;
      n -= value;
    }
  }
  return text;
}

function letters(n) {
  let text = '';
  for (; n > 0; n = Math.floor((n - 1) / 26)) text = String.fromCharCode(97 + (n - 1) % 26) + text;
  return text;
}

/** A number in a counter style. */
page.counterText = function counterText(n, style) {
  if (style === 'decimal-leading-zero') return n >= 0 && n < 10 ? `0${n}` : String(n);
  if (/^lower-(alpha|latin)$/.test(style)) return letters(n);
  if (/^upper-(alpha|latin)$/.test(style)) return letters(n).toUpperCase();
  if (style === 'lower-roman') return roman(n);
  if (style === 'upper-roman') return roman(n).toUpperCase();
  if (style === 'disc') return '•';
  return String(n);
};

const pairs = (text) => (text === 'none' ? [] : [...text.matchAll(/([\w-]+)(?: (-?\d+))?/g)].map(([, name, n]) => [name, n === undefined ? null : Number(n)]));

/**
 * Counts through the document in its order; a counter lives among the siblings after its reset and below them.
 * Only the values at the elements that ask are kept.
 */
page.counters = function counters() {
  const values = new Map();
  const scopes = {};
  const apply = (style, parent) => {
    for (const [name, n] of pairs(style.counterReset)) (scopes[name] ??= []).push({ n: n ?? 0, parent });
    for (const [name, n] of pairs(style.counterSet)) if (scopes[name]?.length) scopes[name].at(-1).n = n ?? 0;
    for (const [name, n] of pairs(style.counterIncrement)) {
      if (name === 'list-item') continue;
      (scopes[name] ??= []).length || scopes[name].push({ n: 0, parent });
      scopes[name].at(-1).n += n ?? 1;
    }
  };
  const leave = (el) => {
    for (const all of Object.values(scopes)) while (all.length && all.at(-1).parent === el) all.pop();
  };
  const visit = (el) => {
    const style = getComputedStyle(el);
    if (style.display === 'none') return;
    apply(style, el.parentElement);
    const before = getComputedStyle(el, '::before');
    if (before.content !== 'none' && before.content !== 'normal') apply(before, el);
    values.set(el, Object.fromEntries(Object.entries(scopes).map(([name, all]) => [name, all.map((s) => s.n)])));
    for (const child of el.children) visit(child);
    leave(el);
  };
  visit(document.body);
  const text = (el, call, inside) => {
    const parts = page.split(inside).map((p) => p.replace(/^"|"$/g, ''));
    const numbers = values.get(el)?.[parts[0]] ?? [0];
    const style = parts[call === 'counters' ? 2 : 1] ?? 'decimal';
    return call === 'counters' ? numbers.map((n) => page.counterText(n, style)).join(parts[1]) : page.counterText(numbers.at(-1) ?? 0, style);
  };
  return { text };
};
