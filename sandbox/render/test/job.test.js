// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Deadline, EXIT, JobError, parseJob, seconds } from '../job.js';

test('job: an empty one has every default', () => {
  assert.deepEqual(parseJob('{}'), {
    version: 'v1', page_load_ms: 30000, timeout_ms: 180000, max_slides: 200, max_output_bytes: 220000000, now: Date.UTC(2026, 0, 1),
  });
});

test('job: what it says counts', () => {
  const job = parseJob('{"version":"v2","max_slides":3,"now":0,"unknown":1}');
  assert.equal(job.version, 'v2');
  assert.equal(job.max_slides, 3);
  assert.equal(job.now, 0);
  assert.equal('unknown' in job, false);
});

for (const text of ['', '[]', 'null', '{"version":"v3"}', '{"timeout_ms":0}', '{"timeout_ms":1.5}', '{"max_slides":"7"}',
  '{"max_output_bytes":1e99}', `{"x":"${'x'.repeat(17000)}"}`]) {
  test(`job: refuses ${text.slice(0, 40)}`, () => assert.throws(() => parseJob(text)));
}

test('job: seconds in words', () => {
  assert.deepEqual([1000, 30000, 1500, 40].map(seconds), ['1 second', '30 seconds', '1.5 seconds', '0 seconds']);
});

test('deadline: a promise in time gives its value, a late one the message', async () => {
  assert.equal(await new Deadline(1000, 'late').race(Promise.resolve(7)), 7);
  await assert.rejects(new Deadline(1, 'late').race(new Promise(() => {})), (error) => {
    assert.ok(error instanceof JobError);
    assert.equal(error.exitCode, EXIT.timeout);
    return error.message === 'late';
  });
});

test('deadline: the earlier one speaks', async () => {
  const outer = new Deadline(1, 'outer');
  await assert.rejects(new Deadline(5000, 'inner', outer).race(new Promise(() => {})), /outer/);
});
