import { LoadTimes } from '../../../harness/measures/load-times.js';
import { timingOf } from '../../../harness/measures/timing.js';
import { loadErrorText } from '../../../harness/model/load-errors.js';
import type { Workload } from '../../../harness/model/plan.js';
import type { TrialRow } from '../../../harness/model/results.js';
import { emptySamples } from '../../../harness/store/samples.js';
import { random } from './fixture.js';

const RATES = [100, 200, 400, 800, 1600];
const CLIENTS = [1, 4, 16];
const SECONDS = 4;

/** Rows of one setting of each series under loads; it queues by its own throughput, made up as the rest. */
export function withLoads(rows: readonly TrialRow[]): TrialRow[] {
  const next = random(5);
  const chosen = new Map<string, TrialRow>();
  for (const row of rows) {
    const recall = row.measures['recall.ties@10']?.value ?? 0;
    if (row.state === 'completed' && (recall >= 0.95 || !chosen.has(row.series))) chosen.set(row.series, row);
  }
  const loads = [...chosen.values()].flatMap((row) => {
    const most = 1.6 * row.measures['throughput']!.value;
    return [
      ...RATES.map((rate) =>
        loaded(row, { type: 'constant-rate', options: { rate, inFlight: 64, seconds: SECONDS } }, most, next),
      ),
      ...CLIENTS.map((clients) =>
        loaded(row, { type: 'constant-clients', options: { clients, seconds: SECONDS } }, most, next),
      ),
    ];
  });
  return [...rows, ...loads];
}

function loaded(row: TrialRow, workload: Workload, most: number, next: () => number): TrialRow {
  const { type, options } = workload;
  const offered = Number(options['rate'] ?? Math.min(most, (most / 2) * Number(options['clients'])));
  const times = new LoadTimes(workload);
  for (let pass = 0; pass < 2; pass++) times.add(samplesOf(pass, offered, most, next));
  const { throughput, ...measures } = timingOf(times.passes());
  const failed = times.samples - times.answered;
  const options_ = Object.entries(options).map(([key, value]) => `${key}${value}`);
  return {
    ...row,
    id: `${row.id}-${type}-${options_.join('-')}`,
    workload: type,
    workloadOptions: options,
    flags: failed > 0 ? ['failed-queries'] : [],
    measures: {
      'recall.ties@10': row.measures['recall.ties@10']!,
      'recall@10': row.measures['recall@10']!,
      ...measures,
      ...(throughput && { throughput }),
      'client.floor.p50': { value: 0.3, low: null, high: null, n: 500 },
      'client.floor.p99': { value: 0.9, low: null, high: null, n: 500 },
      'client.floor.throughput': { value: 2 * most, low: null, high: null, n: 500 },
      'cpu.perMillion': { value: 1e6 / most, low: null, high: null, n: times.answered },
      errors: { value: failed, low: null, high: null, n: times.samples },
      'errors.unsent': { value: failed, low: null, high: null, n: times.samples },
    },
    load: times.course(),
  };
}

/** One queue in front of the engine; who would wait two seconds is not sent. */
function samplesOf(pass: number, offered: number, most: number, next: () => number) {
  const samples = emptySamples(Math.floor(Math.min(offered, 2000) * SECONDS), 1);
  let free = 0;
  for (let i = 0; i < samples.length; i++) {
    const due = (i * 1000 * SECONDS) / samples.length;
    const wait = Math.max(0, free - due);
    samples.due[i] = due;
    samples.sent[i] = due + wait;
    samples.repetition[i] = pass;
    if (wait > 2000) {
      samples.error[i] = loadErrorText('unsent', 'no free place within 2 s');
      samples.sent[i] = due + 2000;
    } else {
      free = due + wait + (1000 / most) * (0.4 + 1.2 * next());
      samples.returned[i] = 1;
    }
    samples.answered[i] = Math.max(samples.sent[i]!, wait > 2000 ? 0 : free);
  }
  return samples;
}
