// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { listAssets, withoutIntegrity } from '../browser.js';

test('html: sums of libraries are dropped, and nothing else', () => {
  assert.equal(withoutIntegrity('<script src="a" integrity="sha384-x" crossorigin></script><LINK integrity=y href=z>'),
    '<script src="a" crossorigin></script><LINK href=z>');
  const text = '<p integrity="kept">a integrity="x" b</p>';
  assert.equal(withoutIntegrity(text), text);
});

test('assets: regular files only, by the path of the page', () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'assets-'));
  fs.writeFileSync(path.join(folder, 'a b.png'), '');
  fs.symlinkSync('/etc/passwd', path.join(folder, 'link'));
  fs.mkdirSync(path.join(folder, 'sub'));
  fs.writeFileSync(path.join(folder, 'sub', 'c.png'), '');
  assert.deepEqual([...listAssets(folder).keys()].sort(), ['/assets/a b.png', '/assets/sub/c.png']);
  assert.equal(listAssets(path.join(folder, 'none')).size, 0);
});
