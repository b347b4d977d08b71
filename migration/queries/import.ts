import { InputError } from '../../common/errors.js';
import { writeFileAtomic } from '../../common/files.js';
import type { EngineDefinition, NativeField } from '../../engines/contract/engine.js';
import type { Point } from '../../engines/contract/points.js';
import { flatten } from '../../engines/kit/check.js';
import { loadEngine } from '../../engines/registry.js';
import { conditionsOf, type Filter } from '../../filters/filter.js';
import { matches } from '../../filters/matches.js';
import { groupFilter } from '../../harness/suite/filtered-queries.js';
import { wrongGroup } from '../../harness/suite/query-file.js';
import { type OpenExport, openExport } from '../export/reader.js';
import { filterFields } from '../mapping/filters.js';
import { Observer } from '../mapping/observe.js';
import { type Coverage, coverageOf } from './coverage.js';
import { DistinctQueries, type DistinctQuery } from './distinct.js';
import { type LoggedQuery, type LogKey, readLog } from './log.js';
import { type Placed, stratified } from './sample.js';
import { kindOf, strataOf, wholeOf } from './strata.js';

export interface ImportOptions {
  /** JSON Lines. */
  log: string;
  /** Query file to write. */
  out: string;
  /** The log's own name of each key. */
  names: Readonly<Partial<Record<LogKey, string>>>;
  /** Keys of the log and fields of filters that are never written. */
  redact: readonly string[];
  /** Folder of an export, for selectivities and tenants. */
  data: string | undefined;
  /** Engine whose language the log's `native` filters are in. */
  native: string | undefined;
  size: number;
  floor: number;
  seed: number;
  signal: AbortSignal;
  onProgress?(done: number, total: number): void;
}

export interface Imported {
  coverage: Coverage;
  /** First lines that could not be read, in words. */
  bad: readonly string[];
}

const SHOWN = 5;

/**
 * Makes a query file of a log: different queries, a stratified sample of them, and what it lacks. A suite reads it as
 * `queries.file`, and so does live parity.
 *
 * @throws InputError where no query is left
 */
export async function importQueries(options: ImportOptions): Promise<Imported> {
  const leftOut = new Map<string, number>();
  const drop = (why: string, count = 1) => leftOut.set(why, (leftOut.get(why) ?? 0) + count);
  if (options.native !== undefined && options.data === undefined)
    throw new InputError('needs the data: what a native filter means depends on the types of its fields', {
      where: '--native',
      got: options.native,
      next: 'add --data with an export',
    });
  const read = await readQueries(options, drop);
  let queries = ofOneWidth(read.queries, drop);
  const points = options.data === undefined ? undefined : openExport(options.data);
  if (points !== undefined) queries = await againstData(queries, points, options, drop);
  if (queries.length === 0) {
    const reasons = [...leftOut].map(([why, count]) => `${count} ${why}`).join('; ');
    throw new InputError('no query of the log can be used', {
      where: options.log,
      got: reasons === '' ? 'an empty log' : reasons,
      next: 'give vectors, and the names of the log’s keys with --key vector=…',
    });
  }
  const whole = wholeOf(queries, points?.manifest.counts.exported);
  const placed = queries.map((query): Placed => ({ query, strata: strataOf(query, whole) }));
  const chosen = stratified(placed, options);
  const coverage = coverageOf(placed, chosen, {
    floor: options.floor,
    seed: options.seed,
    lines: read.lines,
    leftOut: Object.fromEntries(leftOut),
  });
  writeFileAtomic(options.out, fileText(chosen, options));
  return { coverage, bad: read.bad };
}

async function readQueries(
  { log, names, redact, native, signal }: ImportOptions,
  drop: (why: string) => void,
) {
  const hidden = new Set(redact);
  const known = new DistinctQueries();
  const bad: string[] = [];
  let lines = 0;
  for await (const each of readLog(log, names)) {
    signal.throwIfAborted();
    if (each.state === 'bad') {
      drop('lines that cannot be read');
      if (bad.length < SHOWN) bad.push(`line ${each.line} ${each.why}`);
      continue;
    }
    lines++;
    const query = redacted(each.query, names, hidden);
    const { vector } = query;
    if (vector === undefined) drop('queries of text without a vector: nothing here embeds it');
    else if (query.native !== undefined && query.filter === undefined && native === undefined)
      drop('filters in an engine’s own language alone: add the portable one as "filter"');
    else if (namesHidden(query.filter ?? query.native, hidden)) drop('filters that name a redacted field');
    else known.add({ ...query, vector });
  }
  return { queries: known.all(), lines, bad };
}

/** Without what is to be hidden. Length and language of a hidden text are still told, the text is not. */
function redacted(
  query: LoggedQuery,
  names: ImportOptions['names'],
  hidden: ReadonlySet<string>,
): LoggedQuery {
  const isHidden = (key: LogKey) => hidden.has(key) || hidden.has(names[key] ?? key);
  if (isHidden('vector'))
    throw new InputError('a query file cannot be without vectors', { where: '--redact' });
  const without: Partial<Record<LogKey, undefined>> = {};
  for (const key of ['group', 'workflow', 'tenant', 'time', 'hits', 'threshold', 'native'] as const)
    if (isHidden(key)) without[key] = undefined;
  return { ...query, ...without };
}

/** Any key of a filter, at any depth: what is not a known operator is a field. */
function namesHidden(filter: unknown, hidden: ReadonlySet<string>): boolean {
  if (hidden.size === 0 || filter === null || typeof filter !== 'object') return false;
  return Object.entries(filter).some(
    ([key, value]) =>
      [...hidden].some((name) => key === name || key.startsWith(`${name}.`)) || namesHidden(value, hidden),
  );
}

/** Those with as many dimensions as most have. */
function ofOneWidth(
  queries: readonly DistinctQuery[],
  drop: (why: string, count: number) => void,
): DistinctQuery[] {
  const counts = new Map<number, number>();
  for (const { vector } of queries) counts.set(vector.length, (counts.get(vector.length) ?? 0) + 1);
  const [most] = [...counts].sort(([a, x], [b, y]) => y - x || b - a);
  const others = queries.filter(({ vector }) => vector.length !== most?.[0]);
  if (others.length > 0) drop(`vectors of other than ${most![0]} dimensions`, others.length);
  return queries.filter(({ vector }) => vector.length === most?.[0]);
}

/** With the points that pass each filter, and those of each tenant, counted in an export. */
async function againstData(
  queries: readonly DistinctQuery[],
  data: OpenExport,
  { signal, onProgress, native, redact }: ImportOptions,
  drop: (why: string) => void,
): Promise<DistinctQuery[]> {
  const fields = await fieldsOf(data, signal);
  const read = native === undefined ? undefined : await readerOf(native);
  const filters = new Map<string, Filter>();
  const kept = queries.flatMap((logged) => {
    const found = inPortable(logged, fields, read);
    if (typeof found === 'string') {
      drop(`native filters without a portable form, such as: ${found}`);
      return [];
    }
    const query = found;
    if (namesHidden(query.filter, new Set(redact))) {
      drop('filters that name a redacted field');
      return [];
    }
    const { checked, faults } = groupFilter(
      { group: query.group ?? '', filter: plain(query.filter), tenant: query.tenant },
      fields,
    );
    if (faults.length > 0) {
      drop('filters that are none of the data’s fields');
      return [];
    }
    const tenant = checked.tenant === null ? undefined : keyOf(checked.tenant.filter);
    if (checked.filter !== null) filters.set(checked.text!, checked.filter);
    if (tenant !== undefined) filters.set(tenant, checked.tenant!.filter);
    return [{ query, text: checked.text, tenant }];
  });
  const counts = await passing(filters, data, signal, onProgress);
  return kept.map(({ query, text, tenant }) => ({
    ...query,
    matches: text === null ? undefined : counts.get(text),
    tenantPoints: tenant === undefined ? undefined : counts.get(tenant),
  }));
}

/** What reads an engine's own filters. */
async function readerOf(name: string): Promise<NonNullable<EngineDefinition['readFilter']>> {
  const { readFilter, title } = await loadEngine(name);
  if (readFilter !== undefined) return readFilter;
  throw new InputError(`filters of ${title} are not read here`, {
    where: '--native',
    got: name,
    next: 'write the portable filter into the log as "filter"',
  });
}

/** The query with its native filter as a portable one; a text: why it has none. */
function inPortable(
  query: DistinctQuery,
  fields: readonly NativeField[],
  read: EngineDefinition['readFilter'],
): DistinctQuery | string {
  if (query.filter !== undefined || query.native === undefined || read === undefined) return query;
  const found = read(query.native, fields);
  return found.state === 'ok' ? { ...query, filter: found.filter } : found.why;
}

const keyOf = (filter: Filter): string =>
  `tenant ${conditionsOf(filter)
    .map((each) => JSON.stringify(each, (_, v: unknown) => (typeof v === 'bigint' ? `${v}` : v)))
    .join()}`;

async function fieldsOf(
  { shape, points, manifest }: OpenExport,
  signal: AbortSignal,
): Promise<NativeField[]> {
  const observer = new Observer(shape);
  for await (const group of points()) {
    signal.throwIfAborted();
    for (const point of group) observer.add(point);
  }
  const natives = new Map(manifest.fields.map(({ name, native }) => [name, native]));
  return filterFields(observer.result()).map((field) => ({ ...field, native: natives.get(field.name) }));
}

async function passing(
  filters: ReadonlyMap<string, Filter>,
  { points, manifest }: OpenExport,
  signal: AbortSignal,
  onProgress: ImportOptions['onProgress'],
): Promise<Map<string, number>> {
  const counts = new Map([...filters.keys()].map((key) => [key, 0]));
  if (filters.size === 0) return counts;
  let done = 0;
  for await (const group of points()) {
    signal.throwIfAborted();
    for (const point of group) count(point, filters, counts);
    done += group.length;
    onProgress?.(done, manifest.counts.exported);
  }
  return counts;
}

function count({ metadata }: Point, filters: ReadonlyMap<string, Filter>, counts: Map<string, number>): void {
  const flat = flatten(metadata) as Readonly<Record<string, never>>;
  const fieldOf = (name: string) => (Object.hasOwn(flat, name) ? flat[name] : undefined);
  for (const [key, filter] of filters) if (matches(filter, fieldOf)) counts.set(key, counts.get(key)! + 1);
}

/** Integers beyond 2^53 as text, as filters write them. */
function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return String(value);
  if (Array.isArray(value)) return value.map(plain);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, plain(each)]));
}

/** A head for people, then one query a line. */
function fileText(chosen: readonly Placed[], { seed, redact, names }: ImportOptions): string {
  const hidden = new Set(redact);
  const isHidden = (key: LogKey) => hidden.has(key) || hidden.has(names[key] ?? key);
  const head = [
    `# ${chosen.length} queries drawn from a log by "vecproof queries import" (seed ${seed}): stratified, so that means over`,
    '# all of them are not those of the traffic; about.count says how often each was asked.',
    '# One JSON object a line: id, vector, filter, group, tenant, k, about. Lines that begin with # are left out.',
  ];
  const lines = chosen.map(({ query, strata }) => {
    const { vector, filter, group, tenant, k, hash, count: asked, time, text, threshold } = query;
    const about = {
      count: asked,
      ...(time !== undefined && { time: new Date(time).toISOString() }),
      ...(text !== undefined && !isHidden('text') && { text }),
      ...(threshold !== undefined && { threshold }),
      strata,
    };
    return JSON.stringify({
      id: `q-${hash}`,
      vector: Array.from(vector, (each) => Number(each.toPrecision(9))),
      ...(filter !== undefined && { filter: plain(filter) }),
      group: group !== undefined && wrongGroup(group) === undefined ? group : kindOf(query),
      ...(tenant !== undefined && { tenant }),
      ...(k !== undefined && { k }),
      about,
    });
  });
  return `${[...head, ...lines].join('\n')}\n`;
}
