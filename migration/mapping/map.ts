import { InputError } from '../../common/errors.js';
import { faultText, placeFault } from '../../common/faults.js';
import { suggest } from '../../common/nearest.js';
import type { ParameterSet } from '../../common/parameters.js';
import type { Capabilities } from '../../engines/contract/capabilities.js';
import type { EngineDefinition } from '../../engines/contract/engine.js';
import { engineNames, loadEngine } from '../../engines/registry.js';
import type { Filter } from '../../filters/filter.js';
import { isOnlyRead, parseAddress } from '../connections/address.js';
import { requirePoints } from '../connections/reach.js';
import { isTemplate } from '../connections/tenant-names.js';
import type { Manifest } from '../export/manifest.js';
import { type OpenExport, openExport } from '../export/reader.js';
import { type Application, mapFilters, readApplication, Selectivity } from './application.js';
import { chooseIds } from './choose-ids.js';
import { filterFields } from './filters.js';
import { type IndexNeeds, type IndexProposal, proposeIndex } from './index-proposal.js';
import { lossesOf, unaccepted } from './losses.js';
import type { IdRule, Loss, MappedThreshold, Mapping } from './mapping.js';
import { type Observed, Observer } from './observe.js';
import { proposeMapping, scoreSide } from './propose.js';
import type { FieldWishes } from './roles.js';
import { translateThreshold } from './scores.js';

export interface MapOptions extends Partial<MapWishes> {
  /** Index parameters of the target, before those that are proposed. */
  index: Readonly<Record<string, unknown>>;
  signal: AbortSignal;
  onProgress?(done: number, total: number): void;
}

/** What people say of the application and its budget. */
export interface MapWishes {
  /** Query file of the application: its filters decide what is filterable, and are translated. */
  queries: { path: string; shown: string } | undefined;
  /** Thresholds of the application on the source's scores. */
  thresholds: readonly number[];
  /** Fields without which a point is never loaded, beside those whose names or queries say so. */
  required: readonly string[];
  keyword: readonly string[];
  displayed: readonly string[];
  context: readonly string[];
  /** How ids become those of the target; as far as it can be left, they stay. */
  ids: IdRule | undefined;
  /** Map of ids, of the rule `file`: beside the mapping. */
  idFile: { name: string; path: string } | undefined;
  /** Field of the target that is to hold the typed id of the source. */
  keepId: string | undefined;
  budget: Partial<Pick<IndexNeeds, 'k' | 'updatesPerDay' | 'memoryBytes' | 'latencyMs'>>;
}

/**
 * Proposes what each part of an export becomes in a target. Reads all points; nothing is written, no target is opened.
 * @throws InputError for a place that can be no target, index parameters that the engine does not have, a query file with
 * faults, names of fields that the export has not, and ids of which two would become one
 */
export async function mapExport(folder: string, place: string, options: MapOptions): Promise<Mapping> {
  const opened = openExport(folder);
  const { manifest } = opened;
  const definition = await targetEngine(place);
  const observed = await observe(opened, definition.capabilities, options);
  requireFields(observed, options);
  const application =
    options.queries && readApplication(options.queries.path, options.queries.shown, filterFields(observed));
  const shares = application === undefined ? [] : await selectivities(opened, application, options);
  const proposed = proposalFor(manifest, definition, shares, application, options);
  // Parameters of another type of index than the proposed one are none of its own.
  const own = options.index['type'] === undefined || options.index['type'] === proposed.index['type'];
  const { reason, search } = own
    ? proposed
    : { reason: [`${String(options.index['type'])}, as it was asked for`], search: {} };
  const index = parsedIndex(definition, { ...(own && proposed.index), ...options.index });
  const source = engineNames().includes(manifest.source.engine)
    ? (await loadEngine(manifest.source.engine)).capabilities
    : undefined;
  const { collection } = parseAddress(place, engineNames());
  requireTenants(manifest, collection);
  const target = { place, collection, index, search, reason, source };
  const mapping = proposeMapping(manifest, observed, definition, target, wishesOf(options, application));
  await chooseIds(mapping, { opened, observed, engine: definition }, options);
  if (application !== undefined)
    mapping.filters = mapFilters(application, mapping.fields, definition.capabilities, (filter) =>
      nativeText(filter, mapping, definition),
    );
  mapping.thresholds = thresholdsOf(manifest, mapping, definition.capabilities, source, options.thresholds);
  return { ...mapping, losses: lossesOf(mapping, manifest, observed, definition.capabilities) };
}

/** Where each tenant has a collection, a point of none has no place. */
function requireTenants({ tenant, counts }: Manifest, collection: string | undefined): void {
  if (!isTemplate(collection) || tenant === counts.exported) return;
  throw new InputError(
    `${counts.exported - tenant} of ${counts.exported} points have no tenant, and so no collection`,
    {
      where: collection,
      next: 'export again with ?tenant= and the field that says whose a point is, or leave {tenant} out of the name',
    },
  );
}

function wishesOf(options: MapOptions, application: Application | undefined): FieldWishes {
  const { required = [], keyword = [], displayed = [], context = [] } = options;
  const none = new Set<string>();
  const { filterable = none, tenants = none } = application ?? {};
  return { required, keyword, displayed, context, filterable, tenants };
}

/** A filter in the target's own language, for whoever writes the application anew. */
function nativeText(filter: Filter, mapping: Mapping, { writeFilter }: EngineDefinition): string | null {
  const fields = mapping.fields.flatMap(({ to, type }) =>
    to === null || type === null ? [] : [{ name: to, type, nullable: true }],
  );
  const { index, ids } = mapping.target;
  const vector = { name: 'vector', kind: 'dense', type: 'f32', dimensions: 1, metric: null } as const;
  return writeFilter?.(filter, { name: 'docs', vectors: [vector], ids, fields, index }) ?? null;
}

/** Names that people gave have to be there: a misspelt permission would protect nothing. */
function requireFields(observed: Observed, options: MapOptions): void {
  const known = observed.fields.map(({ name }) => name);
  for (const key of ['required', 'keyword', 'displayed', 'context'] as const) {
    for (const name of options[key] ?? []) {
      if (known.includes(name)) continue;
      throw new InputError(suggest('no point has such a field', name, known), {
        where: `--${key}`,
        got: name,
      });
    }
  }
}

function proposalFor(
  { counts, vectors }: Manifest,
  { capabilities }: EngineDefinition,
  shares: readonly number[],
  application: Application | undefined,
  { budget = {} }: MapOptions,
): IndexProposal {
  const { k = application?.k ?? 10, updatesPerDay = 0, memoryBytes, latencyMs } = budget;
  const dimensions = Math.max(0, ...vectors.map((each) => each.dimensions));
  const needs = {
    points: counts.exported,
    dimensions,
    k,
    selectivities: shares,
    updatesPerDay,
    memoryBytes,
    latencyMs,
  };
  return proposeIndex(needs, capabilities);
}

async function selectivities(
  { points }: OpenExport,
  application: Application,
  { signal }: MapOptions,
): Promise<number[]> {
  const counter = new Selectivity(application);
  for await (const group of points()) {
    signal.throwIfAborted();
    for (const point of group) counter.add(point);
  }
  return counter.shares();
}

function thresholdsOf(
  manifest: Manifest,
  { vectors }: Mapping,
  target: Capabilities,
  source: Capabilities | undefined,
  given: readonly number[] = [],
): MappedThreshold[] {
  return vectors.flatMap(({ from, to, metric }) => {
    const field = manifest.vectors.find(({ name }) => name === from);
    if (to === null || field === undefined || field.kind !== 'dense') return [];
    const [mine, theirs] = [scoreSide(field.metric, source), scoreSide(metric, target)];
    const unit = field.points > 0 && field.unit === field.points;
    return given.map((value) => ({
      vector: from,
      source: value,
      ...(mine === undefined || theirs === undefined
        ? { target: null, keeps: null, why: 'what scores of one of the sides are is not known' }
        : translateThreshold(value, mine, theirs, unit)),
    }));
  });
}

/** The engine of a place that may be written to. */
async function targetEngine(place: string): Promise<EngineDefinition> {
  const { engine, collection, as, details } = parseAddress(place, engineNames());
  if (Object.keys({ ...as, ...details }).length > 0) {
    throw new InputError('a new collection takes no parameters', {
      got: place,
      next: 'leave out what stands behind the ?; a ? in a name is written %3F',
    });
  }
  if (isOnlyRead(engine) || collection === undefined || collection === '') {
    throw new InputError('cannot hold a new collection', {
      got: place,
      next: 'write engine:address#collection with the name that it is to have',
    });
  }
  const definition = await loadEngine(engine);
  requirePoints(definition, place);
  return definition;
}

/** Index parameters as the engine completes them. */
function parsedIndex(definition: EngineDefinition, index: MapOptions['index']): ParameterSet {
  const parsed = definition.parseOptions({ index, search: {} });
  if (parsed.state === 'ok') return parsed.index;
  throw new InputError(parsed.issues.map((fault) => faultText(placeFault('', fault))).join('; '), {
    where: definition.name,
  });
}

/** Everything that decides where the points of an export fit. */
export async function observe(
  { shape, manifest, points, columns }: OpenExport,
  target: Capabilities,
  { signal, onProgress }: Pick<MapOptions, 'signal' | 'onProgress'>,
): Promise<Observed> {
  const observer = new Observer(shape, target.metadata?.maxTextBytes);
  let done = 0;
  const told = (rows: number) => {
    done += rows;
    onProgress?.(done, manifest.counts.exported);
    signal.throwIfAborted();
  };
  if (columns !== undefined)
    for await (const group of columns()) {
      observer.addColumns(group);
      told(group.count);
    }
  else
    for await (const group of points()) {
      for (const point of group) observer.add(point);
      told(group.length);
    }
  return observer.result();
}

/** Losses of a mapping that was edited, computed anew from the points, that nobody has accepted. */
export function openLosses(
  mapping: Mapping,
  { manifest }: OpenExport,
  observed: Observed,
  target: Capabilities,
): Loss[] {
  return unaccepted(mapping, lossesOf(mapping, manifest, observed, target));
}
