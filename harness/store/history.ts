import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { InputError } from '../../common/errors.js';
import { appendText } from '../../common/files.js';
import { checkDepth } from '../../common/json.js';
import { MOST_RECORD, readRegularText } from '../../common/regular-file.js';
import { runIdSchema } from '../model/names.js';
import type { Results } from '../model/results.js';
import type { Verdicts } from '../model/verdict.js';

/** One line of `.runs/history.jsonl`: a run in a few figures. Figures that were not measured are absent. */
export const historyLineSchema = z.strictObject({
  schema: z.literal(1),
  run: runIdSchema,
  suite: z.string(),
  started: z.string(),
  vecproof: z.string(),
  dataset: z.string(),
  queries: z.string(),
  state: z.string(),
  outcome: z.enum(['passed', 'failed', 'error']).nullable(),
  /** Numbers of verdicts by state. */
  verdicts: z.record(z.string(), z.int()),
  /** By trial: deepest tie-aware recall, p95 (ms), throughput (queries/s). */
  trials: z.record(
    z.string(),
    z.strictObject({
      recall: z.number().optional(),
      p95: z.number().optional(),
      throughput: z.number().optional(),
    }),
  ),
  /** By parity and group: overlap@k; absent where nothing was compared. */
  parity: z.record(z.string(), z.number()).optional(),
});
export type HistoryLine = z.infer<typeof historyLineSchema>;

export const historyFile = (runs: string): string => join(runs, 'history.jsonl');

export function historyLine(results: Results, verdicts: Verdicts | undefined): HistoryLine {
  const counts: Record<string, number> = {};
  for (const { state } of verdicts?.verdicts ?? []) counts[state] = (counts[state] ?? 0) + 1;
  const trials = results.trials.map(({ id, group, k, measures }) => {
    const value = (key: string, name: string) =>
      measures[name] === undefined ? {} : { [key]: Number(measures[name].value.toPrecision(6)) };
    const figures = {
      ...value('recall', `recall.ties@${k}`),
      ...value('p95', 'latency.p95'),
      ...value('throughput', 'throughput'),
    };
    return [group === 'all' ? id : `${id} ${group}`, figures] as const;
  });
  return {
    schema: 1,
    run: results.run.id,
    suite: results.run.suite,
    started: results.run.started,
    vecproof: results.run.vecproof,
    dataset: results.dataset.hash.slice(0, 16),
    queries: results.queries.hash.slice(0, 16),
    state: results.run.state,
    outcome: verdicts?.outcome ?? null,
    verdicts: counts,
    trials: Object.fromEntries(trials),
    ...overlaps(results),
  };
}

function overlaps({ parity }: Results): Pick<HistoryLine, 'parity'> {
  if (parity === undefined) return {};
  const figures = parity.flatMap(({ name, k, rows }) =>
    rows.flatMap(({ group, measures }) => {
      const value = measures[`overlap@${k}`]?.value;
      const key = group === 'all' ? name : `${name} ${group}`;
      return value === undefined ? [] : [[key, Number(value.toPrecision(6))] as const];
    }),
  );
  return { parity: Object.fromEntries(figures) };
}

/** Adds a run's line. A last line that a kill cut off is ended first, so that it does not swallow the new one. */
export function appendHistory(runs: string, line: HistoryLine): void {
  const path = historyFile(runs);
  const torn = existsSync(path) && /[^\n]$/.test(readRegularText(path, MOST_RECORD));
  appendText(path, `${torn ? '\n' : ''}${JSON.stringify(line)}\n`, { what: 'the history cannot be written' });
}

/** All runs, oldest first; of a run that was judged again the last word. Throws InputError with the line if damaged. */
export function readHistory(runs: string): HistoryLine[] {
  const path = historyFile(runs);
  if (!existsSync(path)) return [];
  const lines = new Map<string, HistoryLine>();
  for (const [i, text] of readRegularText(path, MOST_RECORD).split('\n').entries()) {
    if (text === '') continue;
    const line = parseLine(text, `${path}:${i + 1}`);
    lines.set(line.run, line);
  }
  return [...lines.values()];
}

function parseLine(text: string, where: string): HistoryLine {
  try {
    checkDepth(text);
    return historyLineSchema.parse(JSON.parse(text));
  } catch (error) {
    throw new InputError('this line of the history is damaged', {
      where,
      got: text,
      next: 'delete the line; the run itself is not affected',
      cause: error,
    });
  }
}
