// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { Package, REL, TYPE } from '../pptx/package.js';
import { Presentation } from '../pptx/skeleton.js';
import { escape } from '../pptx/xml.js';
import { zip } from '../pptx/zip.js';
import { unzip } from './support/unzip.js';

const DOT = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64');

function sample() {
  const deck = new Presentation({ title: 'Tom & "Jerry"', language: 'de-DE' });
  for (let i = 0; i < 3; i++) {
    const slide = deck.slide(i ? 'Blank' : 'Title Only');
    slide.picture(DOT, 'image/png');
    slide.hyperlink('https://example.com/?a=1&b=2');
    slide.write('');
    if (i === 1) slide.notes('first\n\nthird <line>');
  }
  return deck;
}

test('zip: what goes in comes out, deflated or stored', () => {
  const text = 'a'.repeat(5000);
  const files = unzip(zip([{ name: 'a.txt', data: text }, { name: 'ü/b.png', data: DOT, store: true }]));
  assert.deepEqual([...files.keys()], ['a.txt', 'ü/b.png']);
  assert.equal(files.get('a.txt').toString(), text);
  assert.deepEqual(files.get('ü/b.png'), DOT);
});

test('zip: data from a file is the same as data from memory', () => {
  const file = path.join(fs.mkdtempSync(path.join(os.tmpdir(), 'zip-')), 'x');
  fs.writeFileSync(file, DOT);
  assert.deepEqual(zip([{ name: 'x', data: { file } }]), zip([{ name: 'x', data: DOT }]));
});

test('package: same content, same bytes', () => {
  assert.deepEqual(sample().bytes(), sample().bytes());
});

test('package: every part has a type and every relationship leads to a part', () => {
  const files = unzip(sample().bytes());
  const types = files.get('[Content_Types].xml').toString();
  for (const [, name] of types.matchAll(/PartName="\/([^"]+)"/g)) assert.ok(files.has(name), name);
  for (const name of files.keys()) {
    if (name === '[Content_Types].xml') continue;
    assert.ok(types.includes(`PartName="/${name}"`) || types.includes(`Extension="${name.split('.').pop()}"`), name);
    if (!name.endsWith('.rels')) continue;
    const folder = path.posix.dirname(path.posix.dirname(name));
    for (const [, target, mode] of files.get(name).toString().matchAll(/Target="([^"]+)"( TargetMode)?/g)) {
      if (!mode) assert.ok(files.has(path.posix.join(folder, target)), `${name} -> ${target}`);
    }
  }
});

test('package: equal media is kept once', () => {
  const names = [...unzip(sample().bytes()).keys()].filter((name) => name.startsWith('ppt/media/'));
  assert.equal(names.length, 1);
});

test('package: one id per target', () => {
  const pack = new Package();
  assert.equal(pack.link('/a', REL.image, '/m'), 'rId1');
  assert.equal(pack.link('/a', REL.image, '/n'), 'rId2');
  assert.equal(pack.link('/a', REL.image, '/m'), 'rId1');
  assert.equal(pack.add('/a', TYPE.slide, ''), '/a');
});

test('presentation: title, language, notes', () => {
  const files = unzip(sample().bytes());
  assert.match(files.get('docProps/core.xml').toString(), /<dc:title>Tom &amp; &quot;Jerry&quot;<\/dc:title><dc:language>de-DE</);
  assert.match(files.get('ppt/notesSlides/notesSlide2.xml').toString(), /<a:t>third &lt;line&gt;<\/a:t>/);
  assert.equal(files.get('ppt/presentation.xml').toString().match(/<p:sldId /g).length, 3);
});

test('xml: only what XML may hold', () => {
  assert.equal(escape('a\u0000\u001fb\ud800<&>"\n😀'), 'ab\ufffd&lt;&amp;&gt;&quot;\n😀');
});
