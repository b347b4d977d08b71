import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InputError } from '../../common/errors.js';
import { writeFileAtomic } from '../../common/files.js';
import { packageInfo } from '../../common/paths.js';
import type { DatasetInfo } from '../../datasets/dataset.js';
import { type PreparedMetadata, prepareMetadata, prepareVectors } from '../../datasets/prepare.js';
import type { PointId } from '../../engines/contract/ids.js';
import { type Context, preparation } from '../../harness/app/context.js';
import { neededFields } from '../../harness/app/run-queries.js';
import { truthFor } from '../../harness/app/truth-for.js';
import type { LoggedEvent } from '../../harness/model/events.js';
import { appendEvent } from '../../harness/store/event-log.js';
import { writeManifest } from '../../harness/store/manifests.js';
import { cleanRunFolder, createRunFolder, type RunFolder } from '../../harness/store/run-folder.js';
import { writeTruth } from '../../harness/truth/files.js';
import { openSource } from '../connections/open-source.js';
import { idType } from '../export/canonical.js';
import { exportCollection } from '../export/export.js';
import { type OpenExport, openExport } from '../export/reader.js';
import { idsOf } from '../mapping/ids.js';
import type { MappedField } from '../mapping/mapping.js';
import { typedText } from '../mapping/typed-id.js';
import { onlyThese, queriesFrom, truthOfThese } from './choose.js';
import { type ExportRows, exportRows } from './dataset.js';
import { filtersOf, sameFields } from './filters.js';
import { type LiveRecord, liveRecord, withWritten } from './live.js';
import { meanwhileOf, setAside } from './meanwhile.js';
import { measureSides } from './measure.js';
import { type PlannedRun, planLive, queriesRecord } from './plan.js';
import type { Apart, CompareRequest } from './request.js';
import { checkRequired } from './required.js';
import { openSide, type Side } from './side.js';

export interface Compared {
  folder: RunFolder;
  live: LiveRecord;
}

/**
 * Asks two places the same queries and writes a run's folder of what they answered, from which all figures and verdicts
 * are derived as those of any run. The truth is computed from the source's own points, under its metric and filters.
 *
 * @throws InputError for queries, mapping or settings that do not fit; FailureError if a place cannot be read
 */
export async function comparePlaces(request: CompareRequest, context: Context): Promise<Compared> {
  const work = mkdtempSync(join(tmpdir(), 'vecproof-parity-'));
  const closing: (() => Promise<void> | void)[] = [() => rmSync(work, { recursive: true, force: true })];
  try {
    return await compare(request, { ...context, cache: work }, context, (close) => closing.push(close));
  } finally {
    while (closing.length > 0) await closing.pop()!();
  }
}

type Closing = (close: () => Promise<void> | void) => void;

async function compare(
  request: CompareRequest,
  own: Context,
  context: Context,
  closing: Closing,
): Promise<Compared> {
  const { signal } = context;
  const surroundings = { cwd: context.cwd, env: context.env, signal };
  const source = await openSource(request.source, surroundings);
  closing(() => source.close());
  const target = await openSource(request.target, surroundings);
  closing(() => target.close());
  const opened = await pointsOf(request, source, own);
  checkMapping(request, opened);
  const rows = await exportRows(opened, { name: source.collection.name, vector: request.vector, signal });
  const { info } = rows.dataset;
  const idOf = await targetIds(request, opened);
  const description = await target.collection.points.describe();
  const fields = fieldsFor(request, info, description, target.definition.capabilities);
  const sides = {
    source: await openSide(
      source,
      rows.ids.length,
      (row) => rows.ids[row]!,
      (filter) => ({ filter }),
      rows.vector,
    ),
    target: await openSide(
      target,
      rows.ids.length,
      (row) => idOf(rows.ids[row]!),
      filtersOf(fields, target.definition.capabilities),
      targetVector(request, rows.vector),
    ),
  };
  const prepared = await prepare(request, rows, fields, own, closing);
  const { keep, apart } = await comparable(prepared, request.thresholds.k, rows, opened, sides.target);
  if (keep.length === 0)
    throw new InputError('no query can be compared: points of every right answer are not in the target', {
      where: request.target,
      got: `${apart.length} queries`,
      next: 'load the points first; "vecproof verify" says which are missing',
    });
  const data = onlyThese(prepared.data, keep, info.dimensions);
  const truth = truthOfThese(prepared.truth.truth, keep);
  const planned = await planLive(sides, info, request, apart.length);
  const folder = createRunFolder(context.runs, `parity-${info.name}`, new Date());
  const live = liveRecord({ request, rows, opened, sides, fields, apart, data, planned });
  try {
    await writeTruth(folder.truth, truth, { metric: info.metric });
    writeFileAtomic(folder.queries, `${JSON.stringify(queriesRecord(data, truth))}\n`);
    writeManifest(folder, planned.manifest(folder.id, data, prepared.truth.record, packageInfo().version));
    writeLive(folder, live);
  } catch (error) {
    rmSync(folder.path, { recursive: true, force: true });
    throw error;
  }
  const running = { request, data, truth, prepared, fields, rows, opened, sides, live, idOf };
  return { folder, live: await run(folder, planned, running, own) };
}

function writeLive({ path }: RunFolder, live: LiveRecord): void {
  writeFileAtomic(join(path, 'places.json'), `${JSON.stringify(live, undefined, 2)}\n`);
}

/** The points of the source: those of an export of it, or read now into a folder that goes again. */
async function pointsOf(
  { exported, source: place }: CompareRequest,
  source: Awaited<ReturnType<typeof openSource>>,
  own: Context,
): Promise<OpenExport> {
  if (exported !== undefined) return openExport(exported);
  const folder = join(own.cache, 'source');
  const onProgress = preparation(own, 'source', 'points');
  await exportCollection(source, { folder, signal: own.signal, onProgress });
  const opened = openExport(folder);
  if (opened.manifest.counts.exported > 0) return opened;
  throw new InputError('holds no points', { where: place });
}

function checkMapping({ mapping, target }: CompareRequest, { manifest }: OpenExport): void {
  if (mapping === undefined) return;
  const { source } = mapping.mapping;
  if (source.engine !== manifest.source.engine || source.collection !== manifest.source.collection) {
    throw new InputError('the mapping is of another source', {
      where: target,
      got: `${source.engine} ${source.collection}`,
      next: 'give the mapping that the target was loaded by',
    });
  }
}

async function targetIds(
  { mapping }: CompareRequest,
  { shape }: OpenExport,
): Promise<(id: PointId) => PointId> {
  if (mapping === undefined) return (id) => id;
  if (mapping.mapping.ids.how === 'tenant')
    throw new InputError(
      'tenants have the same ids: which of their points an answer has cannot be told by its id',
      {
        where: 'mapping: ids.how',
        next: 'compare the collection of one tenant at a time, each with an export and a mapping of its own',
      },
    );
  const idOf = await idsOf(mapping.mapping, shape, mapping.folder);
  return (id) => idOf(id);
}

function targetVector({ mapping }: CompareRequest, vector: string): string {
  if (mapping === undefined) return vector;
  const to = mapping.mapping.vectors.find(({ from }) => from === vector)?.to;
  if (to != null) return to;
  throw new InputError('the mapping drops the vector that is searched', {
    where: `vector "${vector}"`,
    next: 'choose another one with --vector',
  });
}

function fieldsFor(
  { mapping, required }: CompareRequest,
  { fields }: DatasetInfo,
  description: Parameters<typeof sameFields>[1],
  capabilities: Parameters<typeof sameFields>[2],
): MappedField[] {
  const mapped = mapping?.mapping.fields ?? sameFields(fields, description, capabilities);
  const unknown = required.find((name) => !mapped.some(({ from }) => from === name));
  if (unknown !== undefined)
    throw new InputError('no point of the source has such a field', { where: '--required', got: unknown });
  return mapped.map((field) => ({ ...field, required: field.required || required.includes(field.from) }));
}

/** Vectors, metadata, queries and truth of the source, as those of a dataset. */
async function prepare(
  { queries, thresholds }: CompareRequest,
  { dataset, notes }: ExportRows,
  fields: readonly MappedField[],
  own: Context,
  closing: Closing,
) {
  const { info } = dataset;
  const { k } = thresholds;
  const options = { cacheFolder: own.cache, signal: own.signal };
  const vectors = await prepareVectors(dataset, {
    ...options,
    onProgress: preparation(own, 'vectors', 'points'),
  });
  closing(() => vectors.close());
  const warnings = [...notes];
  const chosen = queriesFrom(info, await dataset.queries('queries'), queries, k, warnings);
  const required = fields.filter((field) => field.required).map(({ from }) => from);
  const wanted = new Set([...neededFields(info, chosen.grouped ?? [], undefined), ...required]);
  const known = info.fields.filter(({ name }) => wanted.has(name)).map(({ name }) => name);
  const metadata: PreparedMetadata = await prepareMetadata(dataset, known, options);
  closing(() => metadata.close());
  const data = {
    ...chosen,
    dataset,
    info,
    vectors,
    set: 'queries',
    metadata,
    judgements: undefined,
    warnings,
    close: async () => {},
  };
  const truth = await truthFor(own, data, [k]);
  return { data, truth, vectors, metadata, warnings: [...warnings, ...truth.warnings] };
}

/** Which queries can be compared: those of whose right answers the target has every point. */
async function comparable(
  { data, truth: { truth } }: Awaited<ReturnType<typeof prepare>>,
  k: number,
  { ids }: ExportRows,
  { shape }: OpenExport,
  target: Side,
): Promise<{ keep: number[]; apart: Apart[] }> {
  const neighbours = (query: number) =>
    [...truth.rows.subarray(query * truth.depth, query * truth.depth + Math.min(k, truth.depth))].filter(
      (row) => row >= 0,
    );
  const wanted = new Set<number>();
  for (let query = 0; query < truth.count; query++) for (const row of neighbours(query)) wanted.add(row);
  const there = await target.points([...wanted]);
  const keep: number[] = [];
  const apart: Apart[] = [];
  for (let query = 0; query < truth.count; query++) {
    const missing = neighbours(query).filter((row) => !there.has(row));
    if (missing.length === 0) keep.push(query);
    else
      apart.push({
        query: data.ids[query]!,
        group: data.grouped?.[query]?.group ?? 'all',
        missing: missing.map((row) => typedText({ type: idType(shape, ids[row]!), id: ids[row]! })),
      });
  }
  return { keep, apart };
}

interface Running {
  request: CompareRequest;
  data: ReturnType<typeof onlyThese>;
  truth: ReturnType<typeof truthOfThese>;
  prepared: Awaited<ReturnType<typeof prepare>>;
  fields: readonly MappedField[];
  rows: ExportRows;
  opened: OpenExport;
  sides: { source: Side; target: Side };
  live: LiveRecord;
  /** Id of the target. */
  idOf(id: PointId): PointId;
}

/** @returns what was compared in the end */
async function run(
  folder: RunFolder,
  planned: PlannedRun,
  running: Running,
  own: Context,
): Promise<LiveRecord> {
  const { builds, read } = planned;
  const { request, data, prepared, fields, rows, opened, sides } = running;
  const { k } = request.thresholds;
  const log = (event: object) =>
    appendEvent(folder, { time: new Date().toISOString(), ...event } as LoggedEvent);
  const { metadata, vectors } = prepared;
  const plain = { group: 'all', filter: null, text: null, k, tenant: null };
  try {
    await measureSides(builds, {
      folder,
      manifest: read(folder),
      vectors,
      metadata,
      filtering: {
        queries: data.grouped ?? data.ids.map(() => plain),
        metadata: { folder: metadata.folder, fields: metadata.fields },
        extraFields: [],
      },
      queries: data.queries,
      signal: own.signal,
      onProgress: preparation(own, 'parity', 'passes'),
    });
    if (fields.some((field) => field.required)) {
      const trials = builds
        .filter(({ build }) => build.id === 'target')
        .flatMap(({ build }) => build.trials.map(({ id }) => ({ id, k })));
      const idOf = (row: number) =>
        typedText({ type: idType(opened.shape, rows.ids[row]!), id: rows.ids[row]! });
      await checkRequired(folder, trials, fields, sides.target, metadata, idOf);
    }
    const live = await judged(folder, planned, running);
    for (const message of [...prepared.warnings, ...live.warnings]) log({ type: 'warning', message });
    log({ type: 'runEnd', state: 'completed' });
    return live;
  } catch (error) {
    log({ type: 'runEnd', state: own.signal.aborted ? 'interrupted' : 'failed' });
    throw error;
  } finally {
    cleanRunFolder(folder);
  }
}

/** Sets apart the queries whose rows were written while they were asked. */
async function judged(
  folder: RunFolder,
  { builds, read }: PlannedRun,
  { request, data, truth, rows, opened, sides, live, idOf }: Running,
): Promise<LiveRecord> {
  const ids = await request.written?.();
  if (ids === undefined || ids.size === 0) return live;
  const { k } = request.thresholds;
  const trials = builds.flatMap(({ build }) => build.trials.map(({ id }) => id));
  const touched = await setAside(folder, trials, truth, k, meanwhileOf(ids, rows.ids, sides, idOf));
  const queries = [...touched].map((at) => ({
    query: data.ids[at]!,
    group: data.grouped?.[at]?.group ?? 'all',
  }));
  const texts = new Set([...ids].map((id) => typedText({ type: idType(opened.shape, id), id })));
  const found = withWritten(live, texts, queries);
  const manifest = read(folder);
  const parity = manifest.parity?.map((each) => ({ ...each, apart: found.apart.length }));
  writeManifest(folder, { ...manifest, parity });
  writeLive(folder, found);
  return found;
}
