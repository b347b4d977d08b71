import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { InputError } from '../../common/errors.js';
import type { FieldSchema } from '../../datasets/dataset.js';
import type { ScoreForm } from '../../engines/contract/capabilities.js';
import { engineNames } from '../../engines/registry.js';
import type { Filter } from '../../filters/filter.js';
import { isOnlyRead, parseAddress } from '../connections/address.js';
import type { Surroundings } from '../connections/reach.js';
import { describedShape, type PointShape } from '../export/canonical.js';
import { isMetric } from '../export/metric.js';
import { readRejects } from '../load/rejects.js';
import { translateFilter } from '../mapping/filters.js';
import { type Mapping, readMapping } from '../mapping/mapping.js';
import { typedText } from '../mapping/typed-id.js';
import type { ParsedPlan } from '../plan/parse.js';
import { type Ids, idsBetween } from './ids.js';
import { readQueries, type WatchedQuery } from './queries.js';
import { WatchedSide } from './side.js';

const MAPPING = 'mapping.yaml';

/** What is watched: two places and how one becomes the other. */
export interface Subject {
  parsed: ParsedPlan;
  mapping: Mapping;
  source: WatchedSide;
  target: WatchedSide;
}

/** What can only be said once both places have been asked. */
export interface Known {
  ids: Ids;
  /** Rows, as typed texts, that the load has left out by a decision. */
  leftOut: ReadonlySet<string>;
  shape: PointShape;
  queries: readonly WatchedQuery[];
  /** Of the target, by a filter of the source; or why it cannot be asked. */
  filterOf(filter: Filter): { filter: Filter } | { why: string };
  /** Of the vector that is searched. */
  thresholds: Mapping['thresholds'];
  forms: { source: ScoreForm | undefined; target: ScoreForm | undefined };
  /** Names of the vector in both, and its dimensions. */
  from: string;
  vector: string;
  dimensions: number;
}

/**
 * @param folder of the migration
 * @throws InputError before the mapping is made
 */
export function subjectOf(parsed: ParsedPlan, folder: string, surroundings: Surroundings): Subject {
  const path = join(folder, MAPPING);
  if (!existsSync(path))
    throw new InputError('there is nothing to watch yet: the migration has no mapping', {
      where: folder,
      next: `run "vecproof migrate ${parsed.file}" first`,
    });
  const { mapping } = readMapping(path);
  for (const place of [parsed.source, parsed.target])
    if (isOnlyRead(parseAddress(place, engineNames()).engine))
      throw new InputError('files answer no searches: there is nothing to watch', { where: place });
  const { parity, monitor } = parsed.plan;
  const from = parity.vector ?? mapping.vectors.find(({ to }) => to !== null)?.from;
  const to = mapping.vectors.find((vector) => vector.from === from)?.to;
  if (from === undefined || to == null)
    throw new InputError('the mapping keeps no such vector', { where: 'parity.vector', got: from });
  const timeoutMs = monitor.timeout * 1000;
  return {
    parsed,
    mapping,
    source: new WatchedSide(
      { place: parsed.source, vector: from, search: parity.sourceSearch, timeoutMs },
      surroundings,
    ),
    target: new WatchedSide(
      {
        place: parsed.target,
        vector: to,
        // As parity has it: what the mapping proposes for searches is for people to take up, there and in the application.
        search: parity.targetSearch,
        index: mapping.target.index,
        timeoutMs,
      },
      surroundings,
    ),
  };
}

/** Opens both places. @throws FailureError if one cannot be reached; InputError for queries that do not fit */
export async function learn({ parsed, mapping, source, target }: Subject, folder: string): Promise<Known> {
  const [opened, other] = [await source.open(), await target.open()];
  const description = source.description!;
  const shape = describedShape(description);
  const from = parsed.plan.parity.vector ?? mapping.vectors.find(({ to }) => to !== null)!.from;
  const field = description.spec.vectors.find(({ name }) => name === from);
  const mapped = mapping.vectors.find((vector) => vector.from === from)!;
  const dimensions = field?.dimensions ?? 0;
  const fields = sourceFields(description.fields, mapping);
  const { queries } = parsed.plan;
  const metric = mapped.metric ?? field?.metric ?? null;
  const scores = (definition: typeof opened.definition) =>
    metric !== null && isMetric(metric) ? definition.capabilities.scores[metric] : undefined;
  return {
    ids: await idsBetween(mapping, shape, folder),
    leftOut: leftOutIn(folder),
    shape,
    queries:
      queries === undefined
        ? []
        : readQueries(
            { path: resolve(dirname(parsed.file), queries), shown: queries },
            { fields, dimensions, cosine: metric === 'cosine' },
            parsed.plan.monitor.k,
          ),
    filterOf: (filter) => {
      const found = translateFilter(filter, mapping.fields, other.definition.capabilities);
      return found.state === 'untranslatable' ? { why: found.why } : { filter: found.filter };
    },
    thresholds: mapping.thresholds.filter(({ vector }) => vector === from),
    forms: {
      source: mapped.scores?.source ?? scores(opened.definition),
      target: mapped.scores?.target ?? scores(other.definition),
    },
    from,
    vector: mapped.to!,
    dimensions,
  };
}

function leftOutIn(folder: string): Set<string> {
  const { rejects } = readRejects(join(folder, 'load'));
  return new Set(
    rejects.flatMap(({ accepted, id, idType: type }) =>
      accepted === undefined ? [] : [typedText({ type, id: type === 'integer' ? BigInt(id) : id })],
    ),
  );
}

/** As the engine declares them; where it declares none, as the mapping has seen them. */
function sourceFields(
  declared: readonly { name: string; type: FieldSchema['type'] | null }[],
  { fields }: Mapping,
): FieldSchema[] {
  const types = new Map(declared.flatMap(({ name, type }) => (type === null ? [] : [[name, type] as const])));
  for (const { from, as, type } of fields)
    if (!types.has(from) && as === 'is' && type !== null) types.set(from, type);
  return [...types].map(([name, type]) => ({ name, type, nullable: true }));
}
