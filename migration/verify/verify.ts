import { rm } from 'node:fs/promises';

import { ParquetWriter } from 'hyparquet-writer';
import { fileWriter } from 'hyparquet-writer/src/node.js';
import { fileFailure } from '../../common/files.js';
import { hideSecrets } from '../../common/secrets.js';
import { temporaryFolder } from '../../common/temporary.js';
import type { Consistency, Point } from '../../engines/contract/points.js';
import type { Surroundings } from '../connections/reach.js';
import type { NearField } from '../export/near.js';
import { differencesOf } from '../export/words.js';
import type { Mapping } from '../mapping/mapping.js';
import { openPlace, type Place } from '../probe/place.js';
import { Accepted, type AcceptedRejects } from './accepted.js';
import { expectedOf, readBoth, withoutAccepted } from './both-sides.js';
import { type Counts, compareBucket, type Difference, noCounts } from './compare.js';
import { type Buckets, bucketsFor } from './digests.js';
import { type AskedFilter, compareFilters, deriveFilters, readFilters } from './filters.js';
import { type CheckOutcome, type VerifyFinding, VerifyReport } from './findings.js';
import { checkRetrieval, compareIndexes, compareMetrics } from './live-checks.js';
import { findOwners, MOST_OWNERS } from './owners.js';
import { unlikeRecords } from './same-records.js';
import type { ReadOrder, ReadSide } from './sides.js';
import { watermarkOf } from './since.js';
import { compareFields, compareTenants, type Tally } from './tally.js';

export interface VerifyOptions extends Surroundings {
  /** What the target was loaded by; absent: both hold the same. */
  mapping?: Mapping | undefined;
  /** Where the mapping stands: its map of ids is beside it. */
  mappingFolder?: string | undefined;
  /** File for all differences; none if absent. */
  differences?: string | undefined;
  /** Differences told in words. */
  samples?: number | undefined;
  /** Points that are searched for by their own vectors: 100 if absent, 0 for none. */
  retrieved?: number | undefined;
  /** File of queries whose filters are asked of both sides. */
  queries?: string | undefined;
  /** `rejects.parquet` of the load: points that somebody has accepted to stay out are no difference. */
  rejects?: string | undefined;
  /** Watermark of the target when it was loaded, or `export:` and a folder that has it: another one now is somebody's write. */
  since?: string | undefined;
  seed?: number | undefined;
  /** Compares the points and asks the engines nothing else: no filters, no searches. */
  pointsOnly?: boolean | undefined;
  onProgress?(side: 'source' | 'target', done: number, total: number): void;
}

/** A difference in words. */
export interface Sample extends Omit<Difference, 'id' | 'found'> {
  id: string;
  /** Of a mismatch: what differs, source first. */
  words: readonly string[];
}

export interface SideResult {
  place: string;
  /** Points by its own counter, and as they were read. */
  counter: number;
  read: number;
  consistency: Consistency;
}

/** Every point of two places compared by id: typed ids, all vectors bit for bit, metadata by type and value. */
export interface Verification {
  state: 'equal' | 'different';
  source: SideResult;
  target: SideResult;
  counts: Counts;
  /** Points that the target refused and somebody has accepted to stay out: in no other count. */
  accepted: readonly AcceptedRejects[];
  samples: readonly Sample[];
  /** What else was compared, each by itself. */
  checks: readonly CheckOutcome[];
  /** What is different, told by its cause. */
  findings: readonly VerifyFinding[];
  /** Points by tenant, where there are tenants: the largest 50. */
  tenants: readonly { tenant: string; source: number; target: number }[];
}

const SAMPLES = 10;
const RETRIEVED = 100;

/**
 * Reads both places whole and compares every point. Memory is bounded by a bucket of about 50,000 ids.
 * @throws InputError, FailureError if a place cannot be opened or read to its end
 */
export async function verify(source: string, target: string, options: VerifyOptions): Promise<Verification> {
  const sides: Place[] = [];
  const folder = await temporaryFolder('verify');
  try {
    for (const each of [source, target]) sides.push(await openPlace(each, options));
    return await compareSides(sides as [Place, Place], folder, options);
  } finally {
    for (const side of sides) await side.close();
    await rm(folder, { recursive: true, force: true });
  }
}

async function compareSides(
  [source, target]: [Place, Place],
  folder: string,
  options: VerifyOptions,
): Promise<Verification> {
  const { mapping, queries, rejects, pointsOnly = false } = options;
  const since = options.since === undefined ? undefined : watermarkOf(options.since, target, options.cwd);
  const accepted = rejects === undefined ? Accepted.none() : await Accepted.read(rejects, target);
  const count = bucketsFor(Math.max(source.counter, target.counter));
  // Without a mapping nothing was accepted: all is compared bit for bit.
  const near = mapping === undefined ? [] : target.near;
  const expected = withoutAccepted(await expectedOf(source, target, near, options), accepted);
  const asked = [
    ...(pointsOnly ? [] : await deriveFilters(expected.source, target)),
    ...(queries === undefined ? [] : readFilters(queries, source, target, mapping)),
  ];
  const order: ReadOrder = {
    folder,
    count,
    near,
    filters: asked.map(({ filter }) => filter),
    sample: Math.max(options.retrieved ?? RETRIEVED, KNOWN),
    seed: options.seed ?? 1,
  };
  const [a, b] = await readBoth(expected, order, options);
  const report = new VerifyReport();
  const compared = comparePoints(a.buckets, b.buckets, count, near, options);
  const { counts, first } = compared;
  const sides = { source, target, mapping };
  reportPoints(compared, a, b, options, report);
  if (!pointsOnly) await compareAnswers(asked, sides, { a, b, counts }, options, report);
  compareIndexes(sides, report);
  checkStrangers(target, counts, first, since, report);
  const { matching: _, ...bad } = counts;
  const contentDiffers = Object.values(bad).some((each) => each > 0);
  return {
    state: contentDiffers || report.findings.length > 0 ? 'different' : 'equal',
    source: resultOf(source, a.buckets.rows),
    target: resultOf(target, b.buckets.rows),
    counts,
    accepted: accepted.result(),
    samples: await inWords(first, expected.source, expected.target),
    checks: report.outcomes(contentDiffers),
    findings: report.findings,
    tenants: tenantsOf(a.tally, b.tally),
  };
}

/** What the engines themselves say: which points pass filters and are found, and by which metric. */
async function compareAnswers(
  asked: readonly AskedFilter[],
  sides: { source: Place; target: Place; mapping: Mapping | undefined },
  { a, b, counts }: { a: ReadSide; b: ReadSide; counts: Counts },
  { retrieved = RETRIEVED }: VerifyOptions,
  report: VerifyReport,
): Promise<void> {
  const { source, target } = sides;
  const sameIds = counts.missing === 0 && counts.extra === 0;
  const passing = { source: a.tally.counts, target: b.tally.counts };
  const leavesOut = a.buckets.rows !== source.counter;
  await compareFilters(asked, passing, { ...sides, sameIds, leavesOut }, report);
  await checkRetrieval(target, a.tally.sample.slice(0, retrieved), report);
  await compareMetrics(sides, { source: await originals(source, a.tally), target: b.tally.sample }, report);
}

/** Points of the source as its own engine has them, for its searches. */
async function originals({ live, scan }: Place, tally: Tally): Promise<Point[]> {
  if (live === undefined || tally.points === 0) return [];
  for await (const points of scan()) return points.slice(0, KNOWN);
  return [];
}

const KNOWN = 8;

interface Compared {
  counts: Counts;
  first: readonly Difference[];
  /** Points whose vectors differ, the first 50,000. */
  vectors: readonly Difference[];
}

function comparePoints(
  a: Buckets,
  b: Buckets,
  count: number,
  near: readonly NearField[],
  { signal, differences: path, samples = SAMPLES }: VerifyOptions,
): Compared {
  const counts = noCounts();
  const first: Difference[] = [];
  const vectors: Difference[] = [];
  const file = path === undefined ? undefined : differencesFile(path);
  for (let bucket = 0; bucket < count; bucket++) {
    signal.throwIfAborted();
    const [mine, theirs] = [a.bytes(bucket), b.bytes(bucket)];
    const unlike = unlikeRecords(mine, theirs, near.length > 0);
    counts.matching += unlike.same;
    const differences = compareBucket(
      a.digestsAt(mine, unlike.source),
      b.digestsAt(theirs, unlike.target),
      counts,
      near,
    );
    file?.write(differences);
    first.push(...differences.slice(0, samples - first.length));
    const room = MOST_OWNERS - vectors.length;
    if (room > 0) vectors.push(...differences.filter(({ found }) => found !== undefined).slice(0, room));
  }
  file?.finish();
  return { counts, first, vectors };
}

function reportPoints(
  { counts, vectors }: Compared,
  a: ReadSide,
  b: ReadSide,
  { mapping }: VerifyOptions,
  report: VerifyReport,
): void {
  report.asked(
    'content',
    `${counts.matching} points are the same, by ${mapping === undefined ? 'their bits' : 'the mapping'}`,
  );
  compareFields(a.tally, b.tally, report);
  compareTenants(a.tally, b.tally, report);
  report.asked('vectors', `${vectors.length} points have other vectors`);
  findOwners(vectors, a.buckets, a.count, report);
}

function checkStrangers(
  { watermark }: Place,
  { extra }: Counts,
  first: readonly Difference[],
  since: string | undefined,
  report: VerifyReport,
): void {
  report.asked(
    'strangers',
    since === undefined ? 'ids that the source does not have' : 'ids, and the watermark of the load',
  );
  if (extra > 0) {
    const ids = first.filter(({ kind }) => kind === 'extra').map(({ id }) => String(id));
    report.add('strangers', 'points-added', '', `${extra} points are in the target alone`, ids);
  }
  if (since !== undefined && watermark !== null && watermark !== since)
    report.add(
      'strangers',
      'changed-since-load',
      '',
      `the target was at ${since} after the load and is at ${watermark} now`,
    );
}

const MOST_TENANTS = 50;

function tenantsOf(a: Tally, b: Tally): Verification['tenants'] {
  return [...new Set([...a.tenants.keys(), ...b.tenants.keys()])]
    .map((tenant) => ({ tenant, source: a.tenants.get(tenant) ?? 0, target: b.tenants.get(tenant) ?? 0 }))
    .sort((x, y) => y.source - x.source)
    .slice(0, MOST_TENANTS);
}

function resultOf({ place, counter, consistency }: Place, read: number): SideResult {
  return { place, counter, read, consistency };
}

async function inWords(differences: readonly Difference[], source: Place, target: Place): Promise<Sample[]> {
  const ids = differences.filter(({ kind }) => kind === 'mismatched');
  const [mine, theirs] = ids.length === 0 ? [[], []] : [await source.get(ids), await target.get(ids)];
  return differences.map(({ id, found: _, ...rest }) => {
    const [a, b] = [mine, theirs].map((points) => points.find((point) => point.id === id));
    return { ...rest, id: String(id), words: a === undefined || b === undefined ? [] : differencesOf(a, b) };
  });
}

/** All differences as Parquet: id, its type, kind, and what differs. */
function differencesFile(path: string) {
  const text = (name: string) =>
    ({ name, type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'REQUIRED' }) as const;
  const names = ['id', 'id_type', 'kind', 'differs'];
  try {
    const schema = [{ name: 'root', num_children: names.length }, ...names.map(text)];
    const writer = new ParquetWriter({ writer: fileWriter(path), schema, createdBy: 'vecproof' });
    return {
      write: (differences: readonly Difference[]) => {
        if (differences.length === 0) return;
        const columns = [
          differences.map(({ id }) => hideSecrets(String(id))),
          differences.map(({ type }) => type),
          differences.map(({ kind }) => kind),
          differences.map(({ differs }) => differs.join(',')),
        ];
        void writer.write({ columnData: names.map((name, at) => ({ name, data: columns[at]! })) });
      },
      finish: () => void writer.finish(),
    };
  } catch (error) {
    throw fileFailure(path, 'cannot be written', error);
  }
}
