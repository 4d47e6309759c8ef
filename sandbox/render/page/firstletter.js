// SPDX-License-Identifier: Apache-2.0
/* ::first-letter becomes an element with that style; its rule is put out of force. */

const LETTER = /^\s*(\p{P}*[\p{L}\p{N}]\p{M}*\p{P}*)/u;
const PSEUDO = /::?first-letter/g;

/** The style rules of all sheets that may be read, those in @media and @layer too. */
function* rules(list) {
  for (const rule of list) {
    if (rule.selectorText) yield rule;
    if (rule.cssRules?.length) yield* rules(rule.cssRules);
  }
}

function sheetRules(sheet) {
  try {
    return [...rules(sheet.cssRules)];
  } catch {
    return []; // of another origin
  }
}

function firstText(el) {
  const texts = document.createTreeWalker(el, NodeFilter.SHOW_TEXT, (n) => (n.data.trim() ? NodeFilter.FILTER_ACCEPT : NodeFilter.FILTER_SKIP));
  return texts.nextNode();
}

function wrap(el, css) {
  const node = firstText(el);
  const letter = node && LETTER.exec(node.data);
  if (!letter) return;
  const from = letter[0].length - letter[1].length;
  const part = node.splitText(from);
  part.splitText(letter[1].length);
  const made = document.createElement('x-pseudo');
  made.style.cssText = css;
  part.replaceWith(made);
  made.append(part);
}

page.firstLetters = function firstLetters(slides) {
  const found = [...document.styleSheets, ...document.adoptedStyleSheets].flatMap(sheetRules).filter((rule) => rule.selectorText.match(PSEUDO));
  const letters = new Map();
  for (const rule of found) {
    const selector = rule.selectorText.split(',').filter((part) => part.match(PSEUDO)).map((part) => part.replace(PSEUDO, '')).join(',');
    for (const el of slides.flatMap((slide) => [...slide.querySelectorAll(selector.trim() || '*')])) {
      letters.set(el, `${letters.get(el) ?? ''}${rule.style.cssText}`);
    }
  }
  for (const rule of found) rule.selectorText = rule.selectorText.split(',').filter((part) => !part.match(PSEUDO)).join(',') || 'x-pseudo x-pseudo';
  for (const [el, css] of letters) wrap(el, css);
};
