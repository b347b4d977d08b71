import { deriveResults } from '../../harness/derive/derive.js';
import { readEvents } from '../../harness/store/event-log.js';
import { readManifest } from '../../harness/store/manifests.js';
import { renderHtml } from '../../reports/html/html.js';
import { buildReport } from '../../reports/model.js';
import { median, print } from './print.js';
import { quickstartRun } from './quickstart-run.js';

const TRIALS = 200;
const ROUNDS = 5;

/** Deriving quickstart's results from raw files, and rendering a report of 200 trials made from its rows. */
export async function measureReport(): Promise<void> {
  const folder = quickstartRun();
  const start = performance.now();
  const results = await deriveResults(folder);
  const derived = (performance.now() - start) / 1000;
  const manifest = readManifest(folder);
  const events = readEvents(folder);
  const trials = Array.from({ length: TRIALS }, (_, i) => {
    const trial = results.trials[i % results.trials.length]!;
    return { ...trial, id: `${trial.id}-${i}` };
  });
  const times: number[] = [];
  let bytes = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const begin = performance.now();
    bytes = Buffer.byteLength(renderHtml(buildReport({ results: { ...results, trials }, manifest, events })));
    times.push((performance.now() - begin) / 1000);
  }
  print(`results of ${results.trials.length} trials derived from raw files`, `${derived.toFixed(2)} s`);
  print(
    `report of ${TRIALS} trials rendered`,
    `${median(times).toFixed(2)} s`,
    `target: under 3 s; ${(bytes / 1e6).toFixed(2)} MB; the first ${times[0]!.toFixed(2)} s`,
  );
}
