import { existsSync } from 'node:fs';
import { InputError } from '../../common/errors.js';
import { settingOf } from '../gate/thresholds.js';
import type { QueryFacts } from '../measures/groups.js';
import { latencyRatio, medianLatency } from '../measures/latency-ratio.js';
import type { FilterFact } from '../measures/parity-causes.js';
import { type Parity, type ParityInput, parityOf } from '../measures/parity-trial.js';
import { countsOf, type Manifest } from '../model/manifest.js';
import type { PlannedParity } from '../model/plan.js';
import { firstId } from '../model/replicas.js';
import type { Measures, ParityResult, ParityRow, ParitySide, TrialRow } from '../model/results.js';
import type { Samples, Truth } from '../model/samples.js';
import { readEvidence } from '../store/evidence.js';
import { querySources } from '../store/queries.js';
import { type RunFolder, samplesFile } from '../store/run-folder.js';
import { joinSamples, readSamples } from '../store/samples.js';
import { asLatency, type SpeedRatios, speedRatiosOf } from './speed-pairs.js';
import { truthAnswers } from './truth-answers.js';

/** One trial of a stored run. */
export interface StoredSide {
  folder: RunFolder;
  manifest: Manifest;
  row: TrialRow;
}

export interface Comparison {
  name: string;
  k: number;
  reference: StoredSide;
  candidate: StoredSide;
  truth: Truth;
  /** By query number; undefined where no query has a group or filter. */
  facts: readonly QueryFacts[] | undefined;
  thresholds?: PlannedParity['thresholds'];
  /** The exact neighbours are the reference's answers. */
  exact?: true | undefined;
  /** Queries that were set apart. */
  apart?: number | undefined;
}

type TrialEnds = ReadonlyMap<
  string,
  { state: string; error?: string | undefined; reason?: string | undefined }
>;

/** All parities of a run from its raw files; nothing is measured. Undefined where its suite has none. */
export async function deriveParity(
  folder: RunFolder,
  manifest: Manifest,
  trials: readonly TrialRow[],
  truth: Truth,
  ends: TrialEnds,
  facts?: readonly QueryFacts[],
): Promise<ParityResult[] | undefined> {
  if (manifest.parity === undefined) return undefined;
  const results: ParityResult[] = [];
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
    const { thresholds, apart, truth: exact } = planned;
    const comparison = { name, k, reference, candidate, truth, facts, thresholds, apart, exact };
    const again = rebuild === null ? [] : rebuildsOf(rebuild, planned.reference, manifest);
    const floor = rebuild === null ? null : await floorOf(comparison, again, ends);
    results.push({ ...(await compareStored(comparison)), floor });
  }
  return results;
}

/** Trials of the reference's setting on other builds of its index: all of them where the suite has several. */
function rebuildsOf(rebuild: string, reference: string, { plan }: Manifest): string[] {
  const others = plan
    .flatMap(({ trials }) => trials)
    .map(({ id }) => id)
    .filter((id) => id !== reference && firstId(id) === firstId(reference));
  return firstId(rebuild) === firstId(reference) && others.length > 0 ? others : [rebuild];
}

/** Queries by their group, where there is more than one. */
function queriesByGroup(facts: readonly QueryFacts[] | undefined): Map<string, Set<number>> {
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
    reference: comparison.exact === true ? exactRecord(reference) : sideRecord(reference),
    candidate: sideRecord(candidate),
    floor: null,
    notes: [],
  };
  const sides = comparison.exact === true ? [candidate] : [reference, candidate];
  const failed = sides.find(({ row }) => row.state !== 'completed');
  if (failed !== undefined) {
    const why = (failed.row.error ?? failed.row.reason ?? '').split('\n')[0];
    const reason = `${failed.row.id} is ${failed.row.state}${why === '' ? '' : `: ${why}`}`;
    return { ...base, state: 'absent', reason, rows: [] };
  }
  if (comparison.exact === true) return withTruth(comparison, base);
  const [a, b] = [await readSide(reference), await readSide(candidate)];
  const [known, other] = [await evidenceOf(reference), await evidenceOf(candidate)];
  const evidence = { reference: known.evidence, candidate: other.evidence };
  const filter = filterFacts(comparison, [a, b, known.hits, other.hits]);
  const trial = ({ folder, manifest, row }: StoredSide) => ({
    folder,
    manifest,
    trial: row.id,
    machine: row.machine,
  });
  const speed = await speedRatiosOf(trial(reference), trial(candidate), [a, b]);
  const rows = rowsOf(comparison, a, b, { evidence, filter }, speed);
  const notes = [known.note, other.note].filter((note) => note !== undefined);
  return { ...base, state: 'measured', reason: null, rows, notes };
}

/** Against the exact neighbours, which nobody has searched for: there is no latency to compare. */
async function withTruth(
  comparison: Comparison,
  base: Omit<ParityResult, 'state' | 'reason' | 'rows'>,
): Promise<ParityResult> {
  const { candidate, truth, k } = comparison;
  const b = await readSide(candidate);
  const a = truthAnswers(truth, b, k);
  const other = await evidenceOf(candidate);
  const filter = filterFacts(comparison, [b, other.hits]);
  const evidence = { reference: undefined, candidate: other.evidence };
  const rows = rowsOf(comparison, a, b, { evidence, filter }, () => ({}));
  const notes = other.note === undefined ? [] : [other.note];
  return { ...base, state: 'measured', reason: null, rows, notes };
}

function exactRecord({ manifest }: StoredSide): ParitySide {
  const setting = `exact neighbours in ${manifest.dataset.name}`;
  return { run: manifest.id, trial: 'truth', engine: '', series: 'exact neighbours', setting };
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
    floor: rebuild === null ? null : { state: 'absent', reason: 'nothing was compared', builds: 0, rows: [] },
    notes: [],
  };
}

/** The reference against its own rebuilds: what differs without any cause but chance. */
async function floorOf(
  comparison: Comparison,
  rebuilds: readonly string[],
  ends: TrialEnds,
): Promise<NonNullable<ParityResult['floor']>> {
  const { reference } = comparison;
  const absent = (reason: string) => ({ state: 'absent' as const, reason, builds: 0, rows: [] });
  if (reference.row.state !== 'completed') return absent(`the reference is ${reference.row.state}`);
  const done = rebuilds.filter((id) => ends.get(id)?.state === 'completed');
  if (done.length === 0) {
    const end = ends.get(rebuilds[0]!);
    const why = (end?.error ?? end?.reason ?? 'it was not measured').split('\n')[0]!;
    return absent(`the rebuild of ${reference.row.id} is missing: ${why}`);
  }
  const own = await readSide(reference);
  const others: Samples[] = [];
  for (const id of done) others.push(await readSide({ ...reference, row: { ...reference.row, id } }));
  const filter = filterFacts(comparison, [own, ...others]);
  // Further rebuilds are further passes: each is compared with the reference, and a query's passes are averaged.
  const [a, b] = [joinSamples(others.map(() => own)), joinSamples(others)];
  const ratio: SpeedRatios = (queries) => {
    const before = medianLatency(own, queries);
    const ratios = others.flatMap((each) => {
      const now = medianLatency(each, queries);
      return before === undefined || now === undefined ? [] : [[before, now] as const];
    });
    // All of them share the reference: how far they scatter is no measure of how far it is off.
    const found = latencyRatio(ratios);
    return asLatency(found && { ...found, low: null, high: null });
  };
  // Its own scores under its own threshold: a hit crosses by chance alone.
  const threshold = comparison.thresholds?.reference;
  const thresholds = threshold && { reference: threshold, candidate: threshold };
  const rows = rowsOf({ ...comparison, thresholds, apart: undefined }, a, b, { filter }, ratio);
  return { state: 'measured', reason: null, builds: done.length, rows };
}

/**
 * What filters say of the rows that were returned, as the harness found when it recorded them; the exact neighbours pass
 * by definition. Undefined where no query has a filter.
 */
function filterFacts(
  { facts, truth }: Comparison,
  recorded: readonly (Samples | undefined)[],
): ParityInput['filter'] {
  if (facts === undefined || facts.every(({ matches }) => matches === null)) return undefined;
  const known = new Map<number, Map<number, FilterFact>>();
  const note = (query: number, row: number, fact: FilterFact): void => {
    if (row < 0 || facts[query]?.matches === null) return;
    const rows = known.get(query) ?? new Map<number, FilterFact>();
    known.set(query, rows.set(row, fact));
  };
  for (const samples of recorded) {
    if (samples?.flaws === undefined) continue;
    const { length, k, query, returned, rows, flaws } = samples;
    for (let i = 0; i < length; i++) {
      for (let j = i * k; j < i * k + Math.max(0, returned[i]!); j++)
        note(query[i]!, rows[j]!, flaws[j] === 0 ? 'passes' : 'fails');
    }
  }
  truth.rows.forEach((row, i) => {
    note(Math.floor(i / truth.depth), row, 'passes');
  });
  return (query, row) =>
    facts[query]?.matches === null ? undefined : (known.get(query)?.get(row) ?? 'unknown');
}

function rowsOf(
  { k, reference, truth, facts, thresholds, apart }: Comparison,
  a: Samples,
  b: Samples,
  known: Pick<ParityInput, 'evidence' | 'filter'>,
  speed: SpeedRatios,
): ParityRow[] {
  const { dataset } = reference.manifest;
  const wanted = facts && ((query: number) => Math.min(k, facts[query]!.k));
  // Both sides were asked the same queries.
  const sources = querySources(reference.folder);
  const { metric } = dataset;
  const input = { reference: a, candidate: b, truth, metric, k, wanted, sources, thresholds, ...known };
  const row = (group: string, queries: ReadonlySet<number> | undefined): ParityRow =>
    rowOf(group, parityOf({ ...input, queries }), speed(queries));
  const all = row('all', undefined);
  if (apart !== undefined) {
    const n = apart + all.queries;
    all.measures = { ...all.measures, 'parity.apart': { value: apart, low: null, high: null, n } };
  }
  return [all, ...[...queriesByGroup(facts)].map(([group, queries]) => row(group, queries))];
}

function rowOf(group: string, { lost, gained, measures, ...rest }: Parity, speed: Measures): ParityRow {
  const all = { ...measures, ...speed };
  return { group, ...rest, measures: all, lost: { ...lost }, gained: { ...gained } };
}

export function sideRecord({ manifest, row }: StoredSide): ParitySide {
  const { id, engine, series } = row;
  return { run: manifest.id, trial: id, engine, series, setting: settingOf(row) };
}

async function evidenceOf({ folder, manifest, row }: StoredSide) {
  return readEvidence(folder, row.id, manifest.ks.at(-1)!);
}

async function readSide({ folder, manifest, row }: StoredSide): Promise<Samples> {
  const path = samplesFile(folder, row.id);
  if (existsSync(path)) return readSamples(path, manifest.ks.at(-1)!, [], countsOf(manifest));
  throw new InputError('the samples of a completed trial are missing', {
    where: path,
    next: 'restore the file from a copy of the run, or measure again',
  });
}
