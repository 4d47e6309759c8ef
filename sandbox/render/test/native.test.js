// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lint } from '../pptx/lint.js';
import { presentation } from '../pptx/slide.js';
import { STYLE, deck, shape, textItem } from './support/deck.js';
import { unzip } from './support/unzip.js';

const DOT = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64');

function everything() {
  const { text } = textItem('cell');
  const cell = { row: 0, col: 0, rowSpan: 1, colSpan: 2, x: 0, y: 0, w: 200, h: 50, borders: { b: { color: [0, 0, 0, 1], width: 2 } }, fill: null, text };
  return deck([
    { ...textItem('Title'), title: true },
    shape({ text: textItem('in a shape').text, shadows: [{ dx: 0, dy: 4, blur: 8, spread: 0, color: [0, 0, 0, 0.5], inset: false }], link: 'https://example.com/?a&b' }),
    shape({ fill: { type: 'linear', angle: 90, stops: [[0, [1, 2, 3, 1]], [0, [4, 5, 6, 0]], [1, [7, 8, 9, 1]]] } }),
    shape({ clip: [{ x: 0, y: 0, w: 50, h: 500 }] }),
    { kind: 'picture', x: 0, y: 0, w: 10, h: 10, media: 'm', alt: 'A "dot"', grey: true, alpha: 0.5 },
    { kind: 'table', x: 0, y: 0, w: 200, h: 100, cols: [100, 100], rows: [50, 50], cells: [cell] },
    { kind: 'group', x: 0, y: 0, w: 300, h: 300, items: [shape(), shape({ rot: 45 })] },
    { ...textItem('up'), rot: 90 },
  ], { media: { m: { type: 'image/png', bytes: DOT } } });
}

const parts = (list) => unzip(presentation(list).bytes());
const slideXml = (list) => parts(list).get('ppt/slides/slide1.xml').toString();

test('every kind of item passes the lint', () => {
  assert.deepEqual(lint(parts(everything())), []);
});

test('same list, same bytes', () => {
  assert.deepEqual(presentation(everything()).bytes(), presentation(everything()).bytes());
});

test('a title, a table, a link, an alternative text', () => {
  const xml = slideXml(everything());
  assert.equal(xml.match(/<p:ph type="title"\/>/g).length, 1);
  assert.match(xml, /gridSpan="2"/);
  assert.match(xml, /hMerge="1"/);
  assert.match(xml, /descr="A &quot;dot&quot;"/);
  assert.match(xml, /hlinkClick r:id="rId/);
});

test('outlined letters have a line and no fill', () => {
  const outlined = { ...STYLE, color: [0, 0, 0, 0], stroke: { color: [255, 0, 0, 1], width: 3 } };
  assert.match(slideXml(deck([textItem('01')], { styles: [outlined] })), /<a:rPr [^>]*><a:ln w="19050"[^>]*>.*?<\/a:ln><a:noFill\/>/);
});

test('links that PowerPoint would run are none', () => {
  assert.doesNotMatch(slideXml(deck([shape({ link: 'javascript:alert(1)' }), shape({ link: 'file:///etc/passwd' })])), /hlinkClick/);
});

test('lint: names what is wrong', () => {
  const files = parts(everything());
  const name = 'ppt/slides/slide1.xml';
  const broken = (from, to) => lint(new Map([...files, [name, files.get(name).toString().replace(from, to)]]));
  assert.match(broken(/<a:off x="\d+"/, '<a:off x="1.5"').join(), /broken position/);
  assert.match(broken(/cx="\d+"/, 'cx="-3"').join(), /negative/);
  assert.match(broken(/r:embed="rId\d+"/, 'r:embed="rId99"').join(), /unknown relationship rId99/);
  assert.match(broken('anchor="ctr"', 'anchor="mid"').join(), /anchor/);
  assert.match(broken(/ id="3"/, ' id="2"').join(), /not unique/);
  assert.match(broken('</p:sp>', '</p:sq>').join(), /not well-formed/);
  assert.match(broken(/sz="\d+"/, 'sz="20"').join(), /font size 20/);
  const without = new Map(files);
  without.delete('ppt/theme/theme1.xml');
  assert.match(lint(without).join(), /Override without part: ppt\/theme\/theme1.xml/);
});
