// SPDX-License-Identifier: Apache-2.0
/*
 * Renders one deck, then ends.
 *
 *   node main.js                                   standby: starts the browser, then reads the job from standard input
 *   node main.js --job FILE --in DIR --out DIR     one job without waiting
 *
 * In: DIR/index.html and DIR/assets/. Out: DIR/presentation.pptx, DIR/slides/slide_001.png..., DIR/report.json.
 * Standard input: HOME is the one directory, /tmp/output the other. Exit codes and the job: job.js.
 */
import fs from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { Deck, launch } from './browser.js';
import { listFamilies } from './families.js';
import { inspect } from './inspect.js';
import { Deadline, EXIT, JOB_BYTES, JobError, parseJob, seconds } from './job.js';
import { Report } from './report.js';
import { settle } from './settle.js';
import { Budget, capture, locate } from './shots.js';

/* c8 ignore start: runs in the page */
const describe = () => ({ title: document.title.trim(), language: document.documentElement.lang.trim() });
/* c8 ignore stop */

const WRITERS = { v1: () => import('./v1.js'), v2: () => import('./v2.js') };

/** Until the other end closes. */
async function readInput() {
  const pieces = [];
  let size = 0;
  for await (const piece of process.stdin) {
    size += piece.length;
    if (size > JOB_BYTES) throw new Error('job: too large');
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString();
}

/**
 * Loads, settles, captures, writes.
 * @param {ReturnType<typeof launch>} browser
 * @param {ReturnType<typeof parseJob>} job
 * @param {{from: string, to: string}} folders
 */
async function render(browser, job, { from, to }) {
  const whole = new Deadline(job.timeout_ms, `render timed out after ${seconds(job.timeout_ms)}`);
  const loading = new Deadline(job.page_load_ms, `page did not come to rest within ${seconds(job.page_load_ms)}`, whole);
  const report = new Report(job.version);
  const budget = new Budget(job.max_output_bytes);
  const deck = new Deck(await whole.race(browser), from, loading, report);
  const writer = WRITERS[job.version]();

  await deck.open(job);
  await settle(deck);
  deck.deadline = whole;
  const slides = await locate(deck, job.max_slides);
  await capture(deck, slides, to, budget);
  await inspect(deck, slides);
  const { title, language } = await deck.evaluate(describe);
  const file = path.join(to, 'presentation.pptx');
  const { write } = await writer;
  await whole.race(write({ deck, slides, report, title: title || slides[0].title, language: language || 'en-US', file }));
  budget.add(path.basename(file), fs.statSync(file).size);
  fs.writeFileSync(path.join(to, 'report.json'), `${JSON.stringify(report, null, 1)}\n`);
  return { slides: slides.length, warnings: report.count };
}

async function main() {
  const { values: given } = parseArgs({ options: { job: { type: 'string' }, in: { type: 'string' }, out: { type: 'string' } } });
  const browser = launch();
  browser.catch(() => {}); // the job will say
  listFamilies();
  const text = given.job ? fs.readFileSync(given.job, 'utf8') : await readInput();
  const to = given.out ?? '/tmp/output';
  fs.mkdirSync(to, { recursive: true });
  return render(browser, parseJob(text), { from: given.in ?? process.env.HOME, to });
}

function answer(result, exitCode) {
  fs.writeSync(1, `${JSON.stringify(result)}\n`);
  process.exit(exitCode); // the browser goes with us
}

main().then(
  (result) => answer(result, EXIT.done),
  (error) => {
    if (error instanceof JobError) answer({ error: error.message }, error.exitCode);
    console.error(error);
    process.exit(EXIT.failed);
  },
);
