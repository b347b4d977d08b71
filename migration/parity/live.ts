import type { Chosen } from '../../harness/app/choose-queries.js';
import type { OpenExport } from '../export/reader.js';
import type { MappedField } from '../mapping/mapping.js';
import type { ExportRows } from './dataset.js';
import { filtersOf } from './filters.js';
import type { PlannedRun } from './plan.js';
import type { Apart, CompareRequest } from './request.js';
import type { Side } from './side.js';
import { fileHash } from './thresholds.js';

/** `places.json` of a comparison: what was compared, and what was not. */
export interface LiveRecord {
  version: 1;
  source: PlaceRecord & { consistency: string; sum: string };
  target: PlaceRecord;
  /** SHA-256 of the mapping and of the query file. */
  mapping: string | null;
  queries: { sha256: string; all: number; compared: number };
  /** Queries that cannot be compared yet, with what the target lacks. */
  apart: readonly Apart[];
  /** Queries of which a row was written while they were asked: they are not judged. Absent in results of earlier versions. */
  written?: readonly Touched[];
  /** Filters of queries that the target cannot be asked; each of them counts as failed. */
  untranslatable: readonly { query: string; group: string; why: string }[];
  required: readonly string[];
  warnings: readonly string[];
}

interface Touched {
  query: string;
  group: string;
}

interface PlaceRecord {
  place: string;
  engine: string;
  engineVersion: string;
  points: number;
  metric: string | null;
  index: Readonly<Record<string, string | number | boolean>>;
}

export function liveRecord({
  request,
  rows,
  opened,
  sides,
  fields,
  apart,
  data,
  planned,
}: {
  request: CompareRequest;
  rows: ExportRows;
  opened: OpenExport;
  sides: { source: Side; target: Side };
  fields: readonly MappedField[];
  apart: readonly Apart[];
  data: Chosen;
  planned: PlannedRun;
}): LiveRecord {
  const { manifest } = opened;
  const filterOf = filtersOf(fields, sides.target.definition.capabilities);
  const untranslatable = data.ids.flatMap((query, i) => {
    const { filter, group } = data.grouped?.[i] ?? { filter: null, group: 'all' };
    const found = filter === null ? undefined : filterOf(filter);
    return found !== undefined && 'why' in found ? [{ query, group, why: found.why }] : [];
  });
  const target = placeOf(sides.target, request, rows.vector);
  const record = {
    version: 1 as const,
    source: {
      ...placeOf(sides.source, request, rows.vector),
      metric: rows.metric,
      consistency: manifest.consistency,
      sum: manifest.sum,
    },
    target,
    mapping: request.mapping?.hash ?? null,
    queries: {
      sha256: fileHash(request.queries.path),
      all: data.count + apart.length,
      compared: data.count,
    },
    apart,
    untranslatable,
    required: fields.filter(({ required }) => required).map(({ from }) => from),
  };
  return { ...record, warnings: warningsOf(record, planned.noExact, request) };
}

/**
 * The same, once it is known what was written meanwhile.
 * @param ids typed ids of the source
 * @param queries those that were asked and are not judged
 */
export function withWritten(
  live: LiveRecord,
  ids: ReadonlySet<string>,
  queries: readonly Touched[],
): LiveRecord {
  // What the target lacks was written after it was brought up to the log.
  const late = live.apart.filter(({ missing }) => missing.every((id) => ids.has(id)));
  const written = [...late.map(({ query, group }) => ({ query, group })), ...queries];
  if (written.length === 0) return live;
  const { all, compared } = live.queries;
  const told = `${written.length} of ${all} queries are not judged: rows of their answers were written while they were asked`;
  return {
    ...live,
    apart: live.apart.filter((each) => !late.includes(each)),
    written,
    queries: { ...live.queries, compared: compared - queries.length },
    warnings: [...live.warnings, told],
  };
}

function placeOf(
  { open, definition, description }: Side,
  { mapping }: CompareRequest,
  vector: string,
): PlaceRecord {
  const mapped = mapping?.mapping.vectors.find(({ from }) => from === vector)?.to;
  const field =
    description.spec.vectors.find(({ name }) => name === vector || name === mapped) ??
    description.spec.vectors[0];
  return {
    place: `${open.place}#${description.spec.name}`,
    engine: definition.name,
    engineVersion: open.engineVersion,
    points: description.count,
    metric: field?.metric ?? null,
    index: description.index,
  };
}

/** What a reader has to know before any figure. */
function warningsOf(
  { source, target, apart, untranslatable, queries }: Omit<LiveRecord, 'warnings'>,
  noExact: string | undefined,
  { thresholds, mapping }: CompareRequest,
): string[] {
  const differs = thresholds.lock.state === 'differs';
  return [
    ...(target.metric !== null && target.metric !== source.metric
      ? [`the target ranks by ${target.metric}, the source by ${source.metric}: answers differ by metric`]
      : []),
    ...(apart.length > 0
      ? [
          `${apart.length} of ${queries.all} queries cannot be compared yet: points of their right answers are not in the target (the first: ${apart[0]!.query}, ${apart[0]!.missing[0]})`,
        ]
      : []),
    ...(untranslatable.length > 0
      ? [
          `${untranslatable.length} queries have a filter that the target cannot be asked (the first: ${untranslatable[0]!.query}: ${untranslatable[0]!.why}); they count as failed`,
        ]
      : []),
    ...(noExact === undefined ? [] : [`exhaustive searches are not compared: ${noExact}`]),
    ...(source.consistency === 'best-effort'
      ? [
          'the source has no snapshots: points written or deleted while it was read may differ from its answers',
        ]
      : []),
    ...(mapping === undefined ? ['without a mapping, names, types and ids are taken to be the same'] : []),
    ...(differs
      ? [`the thresholds differ from those that were locked: ${thresholds.lock.changed.join('; ')}`]
      : []),
  ];
}
