import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { InputError } from '../../common/errors.js';
import { settingOf } from '../gate/thresholds.js';
import type { QueryFacts } from '../measures/groups.js';
import { type Parity, type ParityInput, parityOf } from '../measures/parity-trial.js';
import { readEvidence } from './evidence.js';
import type { RunFolder } from './run-folder.js';
import { readSamples } from './samples.js';
import type { Manifest, ParityResult, ParityRow, ParitySide, PlannedParity, TrialRow } from './schema.js';
import type { Samples, Truth } from './types.js';

/** One trial of a stored run. */
export interface StoredSide {
  folder: RunFolder;
  manifest: Manifest;
  row: TrialRow;
}

/** Labelled parts of the query set, by name: reported and gated by themselves. */
export type QueryGroups = ReadonlyMap<string, ReadonlySet<number>>;

export interface Comparison {
  name: string;
  k: number;
  reference: StoredSide;
  candidate: StoredSide;
  truth: Truth;
  groups: QueryGroups;
  /** Whether a query has a filter. */
  filtered?: (query: number) => boolean;
}

/** All parities of a run from its raw files; nothing is measured. Undefined where its suite has none. */
export async function deriveParity(
  folder: RunFolder,
  manifest: Manifest,
  trials: readonly TrialRow[],
  truth: Truth,
  ends: ReadonlyMap<string, { state: string; error?: string | undefined; reason?: string | undefined }>,
  facts?: readonly QueryFacts[],
): Promise<ParityResult[] | undefined> {
  if (manifest.parity === undefined) return undefined;
  const results: ParityResult[] = [];
  const groups = groupsOf(facts);
  const filtered = (query: number): boolean => (facts?.[query]?.matches ?? null) !== null;
  for (const planned of manifest.parity) {
    const side = (id: string): StoredSide | undefined => {
      const row = trials.find((each) => each.id === id);
      return row && { folder, manifest, row };
    };
    const [reference, candidate] = [side(planned.reference), side(planned.candidate)];
    if (reference === undefined || candidate === undefined) {
      results.push(notHere(planned, manifest, reference, candidate));
      continue;
    }
    const { name, k, rebuild } = planned;
    const comparison = { name, k, reference, candidate, truth, groups, filtered };
    const floor = rebuild === null ? null : await floorOf(comparison, rebuild, ends.get(rebuild));
    results.push({ ...(await compareStored(comparison)), floor });
  }
  return results;
}

/** Queries by their group, where there is more than one. */
function groupsOf(facts: readonly QueryFacts[] | undefined): QueryGroups {
  const groups = new Map<string, Set<number>>();
  facts?.forEach(({ group }, query) => {
    groups.set(group, (groups.get(group) ?? new Set()).add(query));
  });
  return groups.size > 1 ? groups : new Map();
}

/** Two stored trials of the same data and queries, of one run or of two. */
export async function compareStored(comparison: Comparison): Promise<ParityResult> {
  const { name, k, reference, candidate } = comparison;
  const base = {
    name,
    k,
    reference: sideRecord(reference),
    candidate: sideRecord(candidate),
    floor: null,
    notes: [],
  };
  const failed = [reference, candidate].find(({ row }) => row.state !== 'completed');
  if (failed !== undefined) {
    const why = (failed.row.error ?? failed.row.reason ?? '').split('\n')[0];
    const reason = `${failed.row.id} is ${failed.row.state}${why === '' ? '' : `: ${why}`}`;
    return { ...base, state: 'absent', reason, rows: [] };
  }
  const [a, b] = [await samplesOf(reference), await samplesOf(candidate)];
  const [known, other] = [await evidenceOf(reference), await evidenceOf(candidate)];
  const evidence = { reference: known.evidence, candidate: other.evidence };
  const rows = rowsOf(comparison, a, b, evidence);
  const notes = [known.note, other.note].filter((note) => note !== undefined);
  return { ...base, state: 'measured', reason: null, rows, notes };
}

function notHere(
  { name, k, reference, candidate, rebuild }: PlannedParity,
  { id }: Manifest,
  a: StoredSide | undefined,
  b: StoredSide | undefined,
): ParityResult {
  const record = (trial: string, side: StoredSide | undefined): ParitySide =>
    side === undefined ? { run: id, trial, engine: '', series: '', setting: trial } : sideRecord(side);
  const missing = a === undefined ? reference : candidate;
  return {
    name,
    k,
    reference: record(reference, a),
    candidate: record(candidate, b),
    state: 'absent',
    reason: `${missing} is not part of this run`,
    rows: [],
    floor: rebuild === null ? null : { state: 'absent', reason: 'nothing was compared', rows: [] },
    notes: [],
  };
}

/** The reference against its own rebuild: what differs without any cause but chance. */
async function floorOf(
  comparison: Comparison,
  rebuild: string,
  end: { state: string; error?: string | undefined; reason?: string | undefined } | undefined,
): Promise<NonNullable<ParityResult['floor']>> {
  const { reference } = comparison;
  const absent = (reason: string) => ({ state: 'absent' as const, reason, rows: [] });
  if (reference.row.state !== 'completed') return absent(`the reference is ${reference.row.state}`);
  if (end?.state !== 'completed') {
    const why = (end?.error ?? end?.reason ?? 'it was not measured').split('\n')[0]!;
    return absent(`the rebuild of ${reference.row.id} is missing: ${why}`);
  }
  const second = { ...reference, row: { ...reference.row, id: rebuild } };
  const [a, b] = [await samplesOf(reference), await samplesOf(second)];
  return { state: 'measured', reason: null, rows: rowsOf(comparison, a, b, undefined) };
}

function rowsOf(
  { k, reference, truth, groups, filtered }: Comparison,
  a: Samples,
  b: Samples,
  evidence: ParityInput['evidence'],
): ParityRow[] {
  const { dataset, seed } = reference.manifest;
  // What fails a filter is not known here: only that a query has one, under which less can be shown.
  const passes = (query: number) => (filtered?.(query) === true ? true : undefined);
  const input = { reference: a, candidate: b, truth, metric: dataset.metric, k, seed, passes };
  const row = (group: string, queries: ReadonlySet<number> | undefined): ParityRow =>
    rowOf(group, parityOf({ ...input, queries, ...(evidence && { evidence }) }));
  return [row('all', undefined), ...[...groups].map(([group, queries]) => row(group, queries))];
}

function rowOf(group: string, { lost, gained, ...rest }: Parity): ParityRow {
  return { group, ...rest, lost: { ...lost }, gained: { ...gained } };
}

export function sideRecord({ manifest, row }: StoredSide): ParitySide {
  const { id, engine, series } = row;
  return { run: manifest.id, trial: id, engine, series, setting: settingOf(row) };
}

async function evidenceOf({ folder, manifest, row }: StoredSide) {
  return readEvidence(folder, row.id, manifest.ks.at(-1)!);
}

async function samplesOf({ folder, manifest, row }: StoredSide): Promise<Samples> {
  const path = join(folder.samples, `${row.id}.parquet`);
  if (existsSync(path)) return readSamples(path, manifest.ks.at(-1)!);
  throw new InputError('the samples of a completed trial are missing', {
    where: path,
    next: 'restore the file from a copy of the run, or measure again',
  });
}
