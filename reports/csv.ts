import { stringify } from 'csv-stringify/sync';
import { parityTrials } from '../harness/derive/parity-trials.js';
import { changedByEngine, effectiveOf } from '../harness/model/effective.js';
import type { ParityTrial, Results, TrialRow } from '../harness/model/results.js';

type Cell = string | number | boolean;

const FIXED = [
  'id',
  'dataset',
  'build',
  'engine',
  'engineVersion',
  'origin',
  'image',
  'instructions',
  'series',
  'workload',
  'k',
  'group',
  'state',
  'reason',
  'error',
  'flags',
] as const;

/**
 * One flat row per trial: `index.*`, `search.*`, `effective.*` (what engines changed) and `workload.*` parameters, then each measure as `name`, `name.low`,
 * `name.high` and `name.n`. What was not measured is an empty cell. Text that a spreadsheet would run as a
 * formula gets a leading apostrophe; numbers stay numbers. Trials that are compared with each other have rows of their
 * own at the end, with the name in the column `parity`: the candidate's parameters and the measures of the comparison.
 */
export function renderCsv(results: Pick<Results, 'trials' | 'parity'>): string {
  return csvText(results.trials, parityTrials(results));
}

/** The same of several datasets: trials of equal ids are told apart by the column `dataset`. */
export function renderDatasetsCsv(parts: readonly Pick<Results, 'trials' | 'parity'>[]): string {
  return csvText(
    parts.flatMap(({ trials }) => trials),
    parts.flatMap(parityTrials),
  );
}

function csvText(trials: readonly TrialRow[], parity: readonly ParityTrial[]): string {
  const lines = csvLines({ trials }, parity);
  return `${lines.header}\n${lines.rows.map(({ line }) => `${line}\n`).join('')}`;
}

/** The same rows one by one, so that a page can offer a selection of them. */
export function csvLines(
  results: { trials: readonly TrialRow[] },
  parity: readonly ParityTrial[] = [],
): { header: string; rows: { id: string; line: string }[] } {
  const all: readonly (TrialRow & { parity?: string })[] = [...results.trials, ...parity];
  const index = keys(all, (row) => row.index);
  const search = keys(all, (row) => row.search);
  const effective = keys(all, changedByEngine);
  const workload = keys(all, (row) => row.workloadOptions ?? {});
  const measures = keys(all, (row) => row.measures);
  const compared = parity.length > 0;
  const machine = results.trials.some((row) => row.machine !== undefined) ? ['machine'] : [];
  const replaced = results.trials.some((row) => row.replaced !== undefined) ? ['replaced'] : [];
  const replica = results.trials.some((row) => row.replica !== undefined) ? ['replica'] : [];
  const attempt = results.trials.some((row) => row.attempt !== undefined) ? ['attempt'] : [];
  const client = all.some((row) => row.client !== undefined) ? ['client'] : [];
  const threads = all.some((row) => row.clientThreads !== undefined) ? ['clientThreads'] : [];
  const sameAs = all.some((row) => row.sameAs !== undefined) ? ['sameAs'] : [];
  const header = [
    ...FIXED,
    ...replica,
    ...attempt,
    ...machine,
    ...replaced,
    ...client,
    ...threads,
    ...(compared ? ['parity'] : []),
    ...index.map((key) => `index.${key}`),
    ...search.map((key) => `search.${key}`),
    ...effective.map((key) => `effective.${key}`),
    ...sameAs,
    ...workload.map((key) => `workload.${key}`),
    ...measures.flatMap((name) => [name, `${name}.low`, `${name}.high`, `${name}.n`]),
  ];
  const cells = (row: TrialRow & { parity?: string }): Cell[] => [
    ...fixedCells(row),
    ...replica.map(() => row.replica ?? 1),
    ...attempt.map(() => row.attempt ?? ''),
    ...machine.map(() => row.machine ?? ''),
    ...replaced.map(() => row.replaced ?? 0),
    ...client.map(() => row.client ?? ''),
    ...threads.map(() => row.clientThreads ?? 1),
    ...(compared ? [row.parity ?? ''] : []),
    ...index.map((key) => own(row.index, key) ?? ''),
    ...search.map((key) => own(row.search, key) ?? ''),
    ...effective.map((key) => own(effectiveOf(row), key) ?? ''),
    ...sameAs.map(() => row.sameAs ?? ''),
    ...workload.map((key) => own(row.workloadOptions ?? {}, key) ?? ''),
    ...measures.flatMap((name) => measureCells(row, name)),
  ];
  return {
    header: line(header),
    rows: all.map((row) => ({ id: row.id, line: line(cells(row)) })),
  };
}

/** All keys in the order in which they first appear. */
function keys(rows: readonly TrialRow[], pick: (row: TrialRow) => object): string[] {
  return [...new Set(rows.flatMap((row) => Object.keys(pick(row))))];
}

function fixedCells(row: TrialRow): Cell[] {
  const { origin = '', image = '' } = row.server ?? {};
  const special = { flags: row.flags.join(' '), origin, image };
  return FIXED.map((key) =>
    key === 'flags' || key === 'origin' || key === 'image' ? special[key] : (row[key] ?? ''),
  );
}

function measureCells(row: TrialRow, name: string): Cell[] {
  const measure = own(row.measures, name);
  return measure === undefined
    ? ['', '', '', '']
    : [measure.value, measure.low ?? '', measure.high ?? '', measure.n];
}

/** Names come from engines: one may be called `constructor`. */
function own<T>(record: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}

function line(cells: readonly Cell[]): string {
  return stringify([cells.map(neutral)], { record_delimiter: '', cast: { boolean: String, number: String } });
}

/** Spreadsheets read a cell that begins with one of these as a formula (OWASP: CSV injection). */
function neutral(cell: Cell): Cell {
  return typeof cell === 'string' && /^[=+\-@\t\r\n]/.test(cell) ? `'${cell}` : cell;
}
